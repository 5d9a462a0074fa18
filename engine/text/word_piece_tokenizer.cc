#include "engine/text/word_piece_tokenizer.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "engine/text/bert_normalizer.h"
#include "engine/text/utf8.h"

namespace fovea::text {
namespace {

constexpr std::string_view kWordMark = "\xE2\x96\x81";  // "▁"

}  // namespace

/// A normalised word, and where each of its bytes comes from in the plain text.
struct WordPieceTokenizer::Word {
  std::string text;                  // "▁" and the normalised characters
  std::vector<std::uint32_t> begin;  // by byte of text: first byte of the character it came from
  std::vector<std::uint32_t> end;    // by byte of text: one past that character

  void Start() {
    text = kWordMark;
    begin.assign(kWordMark.size(), 0);
    end.assign(kWordMark.size(), 0);
  }
  bool IsEmpty() const { return text.size() == kWordMark.size(); }
  void Add(char32_t code_point, std::size_t first, std::size_t last) {
    if (IsEmpty()) {
      // The mark stands for nothing in the text: it is where the word begins.
      std::fill(begin.begin(), begin.end(), static_cast<std::uint32_t>(first));
      std::fill(end.begin(), end.end(), static_cast<std::uint32_t>(first));
    }
    AppendUtf8(code_point, &text);
    begin.resize(text.size(), static_cast<std::uint32_t>(first));
    end.resize(text.size(), static_cast<std::uint32_t>(last));
  }
};

WordPieceTokenizer::WordPieceTokenizer(PreparedVocabulary prepared)
    : VocabularyTokenizer(std::move(prepared)) {
  for (std::size_t id = 0; id < vocabulary().pieces.size(); ++id) {
    pieces_.Insert(vocabulary().pieces[id], static_cast<std::int32_t>(id));
  }
}

std::string WordPieceTokenizer::NormalPieceBytes(std::string_view piece) const {
  if (piece.substr(0, kWordMark.size()) != kWordMark) return std::string(piece);
  return " " + std::string(piece.substr(kWordMark.size()));
}

Status WordPieceTokenizer::AppendTokens(const PlainText& plain, std::vector<Token>* tokens) const {
  using Role = NormalizedCharacter::Role;
  const BertNormalization options = {.lowercase = vocabulary().lowercase,
                                     .strip_accents = vocabulary().strip_accents};
  Word word;
  word.Start();
  const auto finish = [&] {
    if (word.IsEmpty()) return;
    AppendWord(plain.begin, word, tokens);
    word.Start();
  };
  for (std::size_t i = 0; i < plain.text.size();) {
    const std::size_t size = CharacterBytes(plain.text[i]);
    const NormalizedCharacter c = NormalizeForBert(DecodeUtf8(plain.text.substr(i)), options);
    if (c.role == Role::kSpace || c.role == Role::kAlone) finish();
    if (c.role == Role::kAlone || c.role == Role::kInWord) word.Add(c.code_point, i, i + size);
    if (c.role == Role::kAlone) finish();
    i += size;
  }
  finish();
  return Status::Ok();
}

void WordPieceTokenizer::AppendWord(std::size_t offset, const Word& word,
                                    std::vector<Token>* tokens) const {
  const std::size_t first_token = tokens->size();
  const std::string_view text = word.text;
  std::size_t covered =
      word.begin.front();  // Ranges never overlap, even if a piece splits a character.
  for (std::size_t i = 0; i < text.size();) {
    const ByteTrie::Match match = pieces_.Longest(text.substr(i));
    if (match.id == kNoToken) {
      tokens->resize(first_token);
      const std::int32_t unknown = vocabulary().unknown_id;
      if (unknown != kNoToken) {
        tokens->push_back({unknown, offset + word.begin.front(), offset + word.end.back()});
      }
      return;
    }
    const std::size_t begin = std::max<std::size_t>(covered, word.begin[i]);
    const std::size_t end = std::max<std::size_t>(begin, word.end[i + match.size - 1]);
    tokens->push_back({match.id, offset + begin, offset + end});
    covered = end;
    i += match.size;
  }
}

}  // namespace fovea::text
