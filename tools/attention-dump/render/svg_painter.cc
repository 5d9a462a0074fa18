#include <array>
#include <string>

#include "tools/attention-dump/render/base64.h"
#include "tools/attention-dump/render/label_text.h"
#include "tools/attention-dump/render/painter.h"

namespace fovea::dump {
namespace {

// Beyond this many cells in one file, maps are embedded as PNG instead of rectangles.
constexpr std::size_t kMaxRectangles = 64 * 64;

std::string Hex(Rgb color) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out = "#";
  for (const unsigned channel : {color.red, color.green, color.blue}) {
    out.push_back(kDigits[channel >> 4]);
    out.push_back(kDigits[channel & 15]);
  }
  return out;
}

std::string Attribute(std::string_view name, int value) {
  return " " + std::string(name) + "=\"" + std::to_string(value) + "\"";
}

std::string Geometry(const Box& box) {
  return Attribute("x", box.x) + Attribute("y", box.y) + Attribute("width", box.width) +
         Attribute("height", box.height);
}

class SvgPainter : public Painter {
 public:
  void Begin(int width, int height) override {
    out_ =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<svg xmlns=\"http://www.w3.org/2000/svg\"" +
        Attribute("width", width * 3 / 2) + Attribute("height", height * 3 / 2) +
        " viewBox=\"0 0 " + std::to_string(width) + " " + std::to_string(height) +
        "\" font-family=\"DejaVu Sans Mono,Menlo,Consolas,Liberation Mono,monospace\""
        " font-size=\"10\" shape-rendering=\"crispEdges\">\n"
        "<defs><pattern id=\"masked\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\">"
        "<path d=\"M0 0h5v5H0z\" fill=\"#f4f4f4\"/>"
        "<path d=\"M0 5L5 0M-1 1L1 -1M4 6L6 4\" stroke=\"#d2d2d2\" stroke-width=\"0.8\""
        " shape-rendering=\"auto\"/></pattern></defs>\n"
        "<path d=\"M0 0h" +
        std::to_string(width) + "v" + std::to_string(height) + "H0z\" fill=\"#fff\"/>\n";
  }

  void Fill(const Box& box, Rgb color) override {
    out_ += "<rect" + Geometry(box) + " fill=\"" + Hex(color) + "\"/>\n";
  }

  void Frame(const Box& box) override {
    out_ += "<rect" + Geometry(box) + " fill=\"none\" stroke=\"#999\" stroke-width=\"0.7\"/>\n";
  }

  void Hatch(const Box& box) override {
    out_ += "<rect" + Geometry(box) + " fill=\"url(#masked)\"/>\n";
  }

  void Text(int x, int y, std::string_view text, const TextStyle& style) override {
    constexpr std::array<std::string_view, 3> kAnchors = {"start", "middle", "end"};
    out_ += "<text text-anchor=\"";
    out_ += kAnchors[static_cast<std::size_t>(style.anchor)];
    // 3.5 units below the middle is where the baseline of a 10-unit font belongs.
    out_ += "\" dy=\"3.5\" xml:space=\"preserve\" fill=\"" + Hex(style.color) + "\"";
    if (style.vertical) {
      out_ += " transform=\"translate(" + std::to_string(x) + " " + std::to_string(y) +
              ")rotate(-90)\"";
    } else {
      out_ += Attribute("x", x) + Attribute("y", y);
    }
    out_ += ">" + EscapeXml(text) + "</text>\n";
  }

  void Cells(int x, int y, int cell, const Panel& panel, const ColorMap& colors,
             bool log_scale) override {
    cells_ += panel.size * panel.size;
    if (cells_ > kMaxRectangles) {
      const int side = cell * static_cast<int>(panel.size);
      out_ += "<image" + Geometry({x, y, side, side}) +
              " preserveAspectRatio=\"none\" style=\"image-rendering:optimizeSpeed;"
              "image-rendering:pixelated\" href=\"data:image/png;base64,";
      AppendBase64(out_, EncodePanelPng(panel, colors, log_scale));
      out_ += "\"/>\n";
      return;
    }
    for (std::size_t query = 0; query < panel.size; ++query) {
      const auto color_of = [&](std::size_t key) {
        return colors.OfWeight(static_cast<double>(panel.At(query, key)), log_scale);
      };
      for (std::size_t key = 0; key < panel.size;) {
        if (!panel.Visible(query, key)) {
          ++key;
          continue;
        }
        const Rgb color = color_of(key);
        std::size_t end = key + 1;  // neighbours of one colour share a rectangle
        while (end < panel.size && panel.Visible(query, end) && color_of(end) == color) ++end;
        Fill({x + static_cast<int>(key) * cell, y + static_cast<int>(query) * cell,
              static_cast<int>(end - key) * cell, cell},
             color);
        key = end;
      }
    }
  }

  std::string Finish() override { return std::move(out_) + "</svg>\n"; }

 private:
  std::string out_;
  std::size_t cells_ = 0;
};

}  // namespace

std::unique_ptr<Painter> MakeSvgPainter() {
  return std::make_unique<SvgPainter>();
}

}  // namespace fovea::dump
