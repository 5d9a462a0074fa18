// What a figure is drawn with: a few shapes, in whole units with the origin at the top left. One
// painter makes a PNG, another an SVG; the layout is written once, in figure.cc.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_RENDER_PAINTER_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_RENDER_PAINTER_H_

#include <memory>
#include <string>
#include <string_view>

#include "tools/attention-dump/render/color.h"
#include "tools/attention-dump/render/panel.h"

namespace fovea::dump {

/// One column of text is 6 units wide and a line 13 units high.
inline constexpr int kTextColumn = 6;
inline constexpr int kTextLine = 13;

struct Box {
  int x = 0, y = 0, width = 0, height = 0;
};

struct TextStyle {
  enum class Anchor { kStart, kMiddle, kEnd };
  Anchor anchor = Anchor::kStart;
  bool vertical = false;  ///< Turned by 90°, reading upwards.
  Rgb color = {0x22, 0x22, 0x22};
};

class Painter {
 public:
  virtual ~Painter() = default;

  /// Called once, first: an empty white canvas.
  virtual void Begin(int width, int height) = 0;
  virtual void Fill(const Box& box, Rgb color) = 0;
  virtual void Frame(const Box& box) = 0;  ///< A thin grey line around the box.
  virtual void Hatch(const Box& box) = 0;  ///< The look of masked cells.
  /// `x`, `y` is the anchor along the text and the middle across it.
  virtual void Text(int x, int y, std::string_view text, const TextStyle& style) = 0;
  /// A map with its top left corner at x, y; every cell `cell` units wide. Masked cells are left as
  /// they are.
  virtual void Cells(int x, int y, int cell, const Panel& panel, const ColorMap& colors,
                     bool log_scale) = 0;
  /// Called once, last: the bytes of the file; empty if it could not be encoded.
  virtual std::string Finish() = 0;
};

std::unique_ptr<Painter> MakePngPainter();
std::unique_ptr<Painter> MakeSvgPainter();

/// A PNG with one pixel per cell and masked cells transparent; empty if it could not be encoded.
std::string EncodePanelPng(const Panel& panel, const ColorMap& colors, bool log_scale);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_RENDER_PAINTER_H_
