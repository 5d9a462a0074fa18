#include "engine/text/byte_alphabet.h"

#include "engine/text/utf8.h"

namespace fovea::text {
namespace {

bool StandsForItself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

}  // namespace

ByteAlphabet::ByteAlphabet() {
  bytes_.fill(-1);
  char32_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char32_t letter = StandsForItself(byte) ? char32_t{byte} : next++;
    AppendUtf8(letter, &letters_[byte]);
    bytes_[letter] = static_cast<std::int16_t>(byte);
  }
}

std::optional<std::uint8_t> ByteAlphabet::Byte(char32_t letter) const {
  if (letter >= bytes_.size() || bytes_[letter] < 0) return std::nullopt;
  return static_cast<std::uint8_t>(bytes_[letter]);
}

std::string ByteAlphabet::Encode(std::string_view bytes) const {
  std::string letters;
  letters.reserve(bytes.size() * 2);
  for (const char byte : bytes) letters += Letter(static_cast<std::uint8_t>(byte));
  return letters;
}

std::string ByteAlphabet::Decode(std::string_view letters) const {
  std::string bytes;
  bytes.reserve(letters.size());
  while (!letters.empty()) {
    const Utf8Step step = NextUtf8(letters);
    const std::string_view character = letters.substr(0, step.size);
    letters.remove_prefix(step.size);
    if (step.kind == Utf8Step::Kind::kCharacter) {
      if (const auto byte = Byte(DecodeUtf8(character))) {
        bytes.push_back(static_cast<char>(*byte));
        continue;
      }
    }
    bytes += character;
  }
  return bytes;
}

}  // namespace fovea::text
