#include "tools/attention-dump/render/font.h"

#include <zlib.h>

#include <algorithm>
#include <string_view>

#include "tools/attention-dump/render/embedded_files.h"

namespace fovea::dump {
namespace {

// Inflates the whole stream; empty if it is damaged, and then every glyph is a box.
std::vector<std::uint8_t> Inflate(std::string_view packed) {
  std::vector<std::uint8_t> out(1U << 20);  // the font takes 0.6 MiB
  uLongf size = static_cast<uLongf>(out.size());
  if (uncompress(out.data(), &size, reinterpret_cast<const Bytef*>(packed.data()),
                 static_cast<uLong>(packed.size())) != Z_OK) {
    return {};
  }
  out.resize(size);
  return out;
}

// Reads little-endian 16-bit numbers; 0 past the end.
class Reader {
 public:
  explicit Reader(const std::vector<std::uint8_t>& bytes) : bytes_(bytes) {}
  std::uint16_t Next() {
    if (at_ + 2 > bytes_.size()) return 0;
    const unsigned value = bytes_[at_] | (unsigned{bytes_[at_ + 1]} << 8);
    at_ += 2;
    return static_cast<std::uint16_t>(value);
  }

 private:
  const std::vector<std::uint8_t>& bytes_;
  std::size_t at_ = 0;
};

// 3 × 5 hexadecimal digits for the box of a character without a glyph; three bits per row.
constexpr std::array<std::uint16_t, 16> kTinyDigits = {
    0b111101101101111, 0b010110010010111, 0b111001111100111, 0b111001111001111,
    0b101101111001001, 0b111100111001111, 0b111100111101111, 0b111001001010010,
    0b111101111101111, 0b111101111001111, 0b010101111101101, 0b110101110101110,
    0b011100100100011, 0b110101101101110, 0b111100110100111, 0b111100110100100};

Glyph Box(const DisplayCharacter& character) {
  Glyph glyph{.width = character.width == 2 ? 2 * kGlyphWidth : kGlyphWidth};
  const int frame_right = glyph.width - 2;
  const auto set = [&glyph](int x, int y) {
    glyph.rows[static_cast<std::size_t>(y)] |=
        static_cast<std::uint16_t>(1U << (glyph.width - 1 - x));
  };
  if (character.width != 2) {  // too narrow for digits: an empty frame
    for (int x = 0; x <= frame_right; ++x) set(x, 1), set(x, 11);
    for (int y = 1; y <= 11; ++y) set(0, y), set(frame_right, y);
    return glyph;
  }
  // Two rows of digits: four, or for code points beyond U+FFFF six in rows of three.
  const int per_row = character.code > 0xFFFF ? 3 : 2;
  for (int i = 0; i < 2 * per_row; ++i) {
    const std::uint16_t digit = kTinyDigits[(character.code >> (4 * (2 * per_row - 1 - i))) & 15];
    const int left = (per_row == 3 ? 0 : 2) + (i % per_row) * 4;
    const int top = 1 + (i / per_row) * 6;
    for (int y = 0; y < 5; ++y) {
      for (int x = 0; x < 3; ++x) {
        if ((digit >> (14 - 3 * y - x)) & 1) set(left + x, top + y);
      }
    }
  }
  return glyph;
}

}  // namespace

Font::Font() {
  const std::vector<std::uint8_t> bytes = Inflate(EmbeddedFile("font/misc_fixed.bin"));
  Reader reader(bytes);
  for (Section& section : sections_) {
    section.codes.resize(reader.Next());
    section.width = reader.Next();
    for (std::uint16_t& code : section.codes) code = reader.Next();
    section.rows.resize(section.codes.size() * kGlyphHeight);
    for (std::uint16_t& row : section.rows) row = reader.Next();
  }
}

Glyph Font::Find(const DisplayCharacter& character) const {
  for (const Section& section : sections_) {
    const auto found = std::lower_bound(section.codes.begin(), section.codes.end(), character.code);
    if (found == section.codes.end() || *found != character.code) continue;
    Glyph glyph{.width = section.width};
    const auto index = static_cast<std::size_t>(found - section.codes.begin());
    std::copy_n(section.rows.begin() + static_cast<std::ptrdiff_t>(index * kGlyphHeight),
                kGlyphHeight, glyph.rows.begin());
    return glyph;
  }
  return Box(character);
}

}  // namespace fovea::dump
