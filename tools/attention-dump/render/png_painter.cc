#include <png.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "tools/attention-dump/render/font.h"
#include "tools/attention-dump/render/label_text.h"
#include "tools/attention-dump/render/painter.h"

namespace fovea::dump {
namespace {

constexpr Rgb kPaper = {0xff, 0xff, 0xff};
constexpr Rgb kFrame = {0x99, 0x99, 0x99};
constexpr Rgb kHatchPaper = {0xf4, 0xf4, 0xf4};
constexpr Rgb kHatchLine = {0xd2, 0xd2, 0xd2};
constexpr int kHatchStep = 5;

// `channels` 3 or 4, rows from the top without padding.
std::string EncodePng(int width, int height, unsigned channels,
                      const std::vector<std::uint8_t>& pixels) {
  png_image image;
  std::memset(&image, 0, sizeof(image));
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = channels == 4 ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB;
  std::string out(PNG_IMAGE_PNG_SIZE_MAX(image), '\0');
  png_alloc_size_t size = out.size();
  const int written =
      png_image_write_to_memory(&image, out.data(), &size, 0, pixels.data(), 0, nullptr);
  png_image_free(&image);
  out.resize(written != 0 ? size : 0);
  return out;
}

class PngPainter : public Painter {
 public:
  void Begin(int width, int height) override {
    // Small figures get two pixels per unit, so that slides and dense displays look sharp.
    constexpr int kLargeSide = 1100;
    scale_ = width <= kLargeSide && height <= kLargeSide ? 2 : 1;
    width_ = width * scale_;
    height_ = height * scale_;
    pixels_.assign(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_) * 3, 0xff);
  }

  void Fill(const Box& box, Rgb color) override {
    FillPixels(box.x * scale_, box.y * scale_, box.width * scale_, box.height * scale_, color);
  }

  void Frame(const Box& box) override {
    const int x = box.x * scale_ - 1;
    const int y = box.y * scale_ - 1;
    const int width = box.width * scale_ + 2;
    const int height = box.height * scale_ + 2;
    FillPixels(x, y, width, 1, kFrame);
    FillPixels(x, y + height - 1, width, 1, kFrame);
    FillPixels(x, y, 1, height, kFrame);
    FillPixels(x + width - 1, y, 1, height, kFrame);
  }

  void Hatch(const Box& box) override {
    for (int y = box.y * scale_; y < (box.y + box.height) * scale_; ++y) {
      for (int x = box.x * scale_; x < (box.x + box.width) * scale_; ++x) {
        Set(x, y, (x + y) % (kHatchStep * scale_) < scale_ ? kHatchLine : kHatchPaper);
      }
    }
  }

  void Text(int x, int y, std::string_view text, const TextStyle& style) override {
    const std::vector<DisplayCharacter> characters = DecodeForDisplay(text);
    int length = 0;
    for (const DisplayCharacter& c : characters) length += static_cast<int>(c.width) * kTextColumn;
    int along = style.anchor == TextStyle::Anchor::kStart    ? 0
                : style.anchor == TextStyle::Anchor::kMiddle ? -length / 2
                                                             : -length;
    for (const DisplayCharacter& c : characters) {
      const int advance = static_cast<int>(c.width) * kTextColumn;
      // A combining mark is drawn over the character before it.
      DrawGlyph(font_.Find(c), x, y, c.width == 0 ? along - kTextColumn : along, style);
      along += advance;
    }
  }

  void Cells(int x, int y, int cell, const Panel& panel, const ColorMap& colors,
             bool log_scale) override {
    const int side = static_cast<int>(panel.size);
    for (int query = 0; query < side; ++query) {
      for (int key = 0; key < side; ++key) {
        const auto q = static_cast<std::size_t>(query);
        const auto k = static_cast<std::size_t>(key);
        if (!panel.Visible(q, k)) continue;
        Fill({x + key * cell, y + query * cell, cell, cell},
             colors.OfWeight(static_cast<double>(panel.At(q, k)), log_scale));
      }
    }
  }

  std::string Finish() override { return EncodePng(width_, height_, 3, pixels_); }

 private:
  void Set(int x, int y, Rgb color) {
    if (x < 0 || y < 0 || x >= width_ || y >= height_) return;
    std::uint8_t* pixel = &pixels_[(static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) +
                                    static_cast<std::size_t>(x)) *
                                   3];
    pixel[0] = color.red;
    pixel[1] = color.green;
    pixel[2] = color.blue;
  }

  void FillPixels(int x, int y, int width, int height, Rgb color) {
    for (int row = y; row < y + height; ++row) {
      for (int column = x; column < x + width; ++column) Set(column, row, color);
    }
  }

  // `along` units after the anchor (x, y) in reading direction, centred across it.
  void DrawGlyph(const Glyph& glyph, int x, int y, int along, const TextStyle& style) {
    for (int gy = 0; gy < kGlyphHeight * scale_; ++gy) {
      for (int gx = 0; gx < glyph.width * scale_; ++gx) {
        if (!(scale_ == 1 ? glyph.Pixel(gx, gy) : SmoothPixel(glyph, gx, gy))) continue;
        const int forward = along * scale_ + gx;
        const int across = gy - kGlyphHeight * scale_ / 2;
        if (style.vertical) {
          Set(x * scale_ + across, y * scale_ - 1 - forward, style.color);
        } else {
          Set(x * scale_ + forward, y * scale_ + across, style.color);
        }
      }
    }
  }

  // A pixel of the glyph at twice its size, with corners of diagonal strokes filled or cut (the
  // "Scale2x" rule): a pixel takes the colour of two equal neighbours on its side.
  static bool SmoothPixel(const Glyph& glyph, int gx, int gy) {
    const int x = gx / 2;
    const int y = gy / 2;
    const int dx = gx % 2 == 0 ? -1 : 1;
    const int dy = gy % 2 == 0 ? -1 : 1;
    const bool horizontal = glyph.Pixel(x + dx, y);
    const bool vertical = glyph.Pixel(x, y + dy);
    if (horizontal == vertical && horizontal != glyph.Pixel(x - dx, y) &&
        vertical != glyph.Pixel(x, y - dy)) {
      return horizontal;
    }
    return glyph.Pixel(x, y);
  }

  Font font_;
  int scale_ = 1;
  int width_ = 0, height_ = 0;        // pixels
  std::vector<std::uint8_t> pixels_;  // [height_, width_, 3]
};

}  // namespace

std::unique_ptr<Painter> MakePngPainter() {
  return std::make_unique<PngPainter>();
}

std::string EncodePanelPng(const Panel& panel, const ColorMap& colors, bool log_scale) {
  std::vector<std::uint8_t> pixels;  // [size, size, 4]
  pixels.reserve(panel.size * panel.size * 4);
  for (std::size_t cell = 0; cell < panel.size * panel.size; ++cell) {
    const bool visible = panel.visible[cell];
    const Rgb color =
        visible ? colors.OfWeight(static_cast<double>(panel.weights[cell]), log_scale) : kPaper;
    pixels.insert(pixels.end(), {color.red, color.green, color.blue,
                                 static_cast<std::uint8_t>(visible ? 0xff : 0)});
  }
  const int side = static_cast<int>(panel.size);
  return EncodePng(side, side, 4, pixels);
}

}  // namespace fovea::dump
