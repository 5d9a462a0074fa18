// The alphabet of byte-level BPE: each of the 256 bytes is spelled as one printable character, so
// that pieces and merges are plain text. Printable Latin-1 bytes stand for themselves, the other 68
// are numbered from U+0100 on (a space is "Ġ", a line feed "Ċ").
#ifndef FOVEA_TEXT_BYTE_ALPHABET_H_
#define FOVEA_TEXT_BYTE_ALPHABET_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fovea::text {

class ByteAlphabet {
 public:
  ByteAlphabet();

  /// The letter of a byte, as UTF-8 (1 or 2 bytes).
  const std::string& Letter(std::uint8_t byte) const { return letters_[byte]; }
  /// The byte that a letter spells.
  std::optional<std::uint8_t> Byte(char32_t letter) const;

  std::string Encode(std::string_view bytes) const;
  /// Characters outside the alphabet stay as they are; so do bytes that are not UTF-8.
  std::string Decode(std::string_view letters) const;

 private:
  std::array<std::string, 256> letters_;
  std::array<std::int16_t, 512> bytes_;  // by letter; -1: outside the alphabet
};

}  // namespace fovea::text

#endif  // FOVEA_TEXT_BYTE_ALPHABET_H_
