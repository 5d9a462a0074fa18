// The bitmap font of the PNG pictures: 6 × 13 pixels per column, public domain (see
// font/pack_font.py), with Latin, Greek, Cyrillic, Hebrew, Thai, symbols, CJK, kana and Hangul.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_RENDER_FONT_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_RENDER_FONT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tools/attention-dump/render/label_text.h"

namespace fovea::dump {

inline constexpr int kGlyphWidth = 6;  ///< Of one column; a wide character takes two.
inline constexpr int kGlyphHeight = 13;

struct Glyph {
  int width = kGlyphWidth;
  std::array<std::uint16_t, kGlyphHeight> rows = {};  ///< Leftmost pixel in bit width - 1.
  bool Pixel(int x, int y) const {
    if (x < 0 || y < 0 || x >= width || y >= kGlyphHeight) return false;
    return ((rows[static_cast<std::size_t>(y)] >> (width - 1 - x)) & 1) != 0;
  }
};

class Font {
 public:
  /// Unpacks the embedded font: some milliseconds.
  Font();

  /// A box with the code point in hexadecimal for characters that the font lacks.
  Glyph Find(const DisplayCharacter& character) const;

 private:
  struct Section {
    int width = 0;
    std::vector<std::uint16_t> codes;  // ascending
    std::vector<std::uint16_t> rows;   // [codes, kGlyphHeight]
  };
  std::array<Section, 2> sections_;
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_RENDER_FONT_H_
