#include "tools/fovea/synth_vocabulary.h"

#include <cstdio>
#include <functional>
#include <string_view>
#include <utility>

namespace fovea::tools {
namespace {

constexpr std::string_view kSeparator = "\xE2\x96\x81";
/// Frequent letters first, so that a cut vocabulary keeps the likelier words.
constexpr std::string_view kLetters = "etaoinshrdlcumwfgypbvkjxqz";

// GGUF's kinds of token.
constexpr std::int32_t kNormal = 1;
constexpr std::int32_t kUnknown = 2;
constexpr std::int32_t kControl = 3;
constexpr std::int32_t kByte = 6;

void Add(std::string piece, std::int32_t type, float score, SynthVocabulary* out) {
  out->pieces.push_back(std::move(piece));
  out->types.push_back(type);
  out->scores.push_back(score);
}

/// The word with `number` when words of `length` letters are counted in alphabetic order.
std::string Word(std::size_t number, std::size_t length) {
  std::string word(length, ' ');
  for (std::size_t i = length; i-- > 0;) {
    word[i] = kLetters[number % kLetters.size()];
    number /= kLetters.size();
  }
  return word;
}

/// Words by length, each with and without a separator in front, until there are `size` pieces.
void AddWords(std::size_t size, const std::function<void(std::string)>& add_word,
              const SynthVocabulary& out) {
  std::size_t words = 1;
  for (std::size_t length = 1; out.pieces.size() < size; ++length) {
    words *= kLetters.size();
    for (std::size_t i = 0; i < words && out.pieces.size() < size; ++i) {
      const std::string word = Word(i, length);
      add_word(word);
      add_word(std::string(kSeparator) + word);
    }
  }
}

}  // namespace

SynthVocabulary MakeSynthVocabulary(std::size_t size) {
  SynthVocabulary out;
  out.pieces.reserve(size);
  Add("<unk>", kUnknown, 0.0F, &out);
  Add("<s>", kControl, 0.0F, &out);
  Add("</s>", kControl, 0.0F, &out);
  for (unsigned byte = 0; byte < 256; ++byte) {
    char piece[8];
    std::snprintf(piece, sizeof piece, "<0x%02X>", byte);
    Add(piece, kByte, 0.0F, &out);
  }
  const std::size_t first = out.pieces.size();
  const auto add_word = [&](std::string word) {
    if (out.pieces.size() == size) return;
    Add(std::move(word), kNormal, -static_cast<float>(out.pieces.size() - first), &out);
  };
  add_word(std::string(kSeparator));
  AddWords(size, add_word, out);
  return out;
}

SynthVocabulary MakeSynthWordPieces(std::size_t size) {
  SynthVocabulary out;
  const auto add = [&](std::string piece, std::int32_t type) {
    if (out.pieces.size() == size) return;
    out.pieces.push_back(std::move(piece));
    out.types.push_back(type);
  };
  for (const char* special : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}) {
    add(special, out.pieces.size() == kSynthUnknown ? kUnknown : kControl);
  }
  for (char c = '!'; c <= '~'; ++c) {
    // Words are made lowercase before they are looked up, and letters follow with the other words.
    if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) continue;
    add(std::string(1, c), kNormal);
    add(std::string(kSeparator) + c, kNormal);
  }
  AddWords(
      size, [&](std::string word) { add(std::move(word), kNormal); }, out);
  return out;
}

}  // namespace fovea::tools
