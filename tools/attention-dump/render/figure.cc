#include "tools/attention-dump/render/figure.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "tools/attention-dump/render/label_text.h"

namespace fovea::dump {
namespace {

constexpr int kMargin = 12;
constexpr int kTitleHeight = 18;
constexpr int kCaptionHeight = 15;
constexpr int kMaxLabelColumns = 16;
constexpr int kLabelGap = 4;
constexpr int kPanelGap = 8;
constexpr int kPairGap = 16;  // extra space between pairs
constexpr int kBarWidth = 12;
constexpr int kBarRoom = 62;  // colour bar, its numbers and the gap before it
constexpr int kMinBarHeight = 110;
constexpr int kMaxBarHeight = 260;
constexpr Rgb kGrey = {0x66, 0x66, 0x66};

int TextWidth(std::string_view text) {
  return static_cast<int>(DisplayWidth(text)) * kTextColumn;
}

// "0.07", "1.00"; without the leading zero to fit narrow cells: ".07", "1.0".
std::string CellText(float weight) {
  if (std::isnan(weight)) return "nan";
  const int hundredths = static_cast<int>(std::lround(std::clamp(weight, 0.0F, 9.0F) * 100.0F));
  if (hundredths >= 100) return std::to_string(hundredths / 100) + ".0";
  return "." + std::to_string(hundredths / 10) + std::to_string(hundredths % 10);
}

int WidestLabel(const std::vector<std::string>& labels) {
  int widest = 0;
  for (const std::string& label : labels) widest = std::max(widest, TextWidth(label));
  return widest;
}

class Layout {
 public:
  Layout(const Figure& figure, Painter& painter)
      : figure_(figure), painter_(painter), colors_(figure.colormap) {}

  std::string Draw() {
    Measure();
    painter_.Begin(width_, height_);
    DrawHeading();
    for (std::size_t i = 0; i < figure_.panels.size(); ++i) DrawPanel(i);
    DrawGridLabels();
    DrawColorBar();
    return painter_.Finish();
  }

 private:
  void Measure() {
    rows_ =
        std::max<std::size_t>(1, (figure_.panels.size() + figure_.columns - 1) / figure_.columns);
    const std::size_t size = figure_.panels.empty() ? 0 : figure_.panels[0].size;
    side_ = static_cast<int>(size) * figure_.cell;
    label_step_ = 1;
    if (!figure_.tokens.empty()) {
      // A label needs a line's height; nice steps (1, 2, 5, 10, …) are easier to count along.
      constexpr std::array<std::size_t, 13> kSteps = {1,   2,   5,    10,   20,   50,   100,
                                                      200, 500, 1000, 2000, 5000, 10000};
      const int needed = (kTextLine + figure_.cell - 1) / figure_.cell;
      for (const std::size_t step : kSteps) {
        label_step_ = step;
        if (static_cast<int>(step) >= needed) break;
      }
      for (std::size_t i = 0; i < size; i += label_step_) labels_.push_back(AxisLabel(i));
    }
    const int label_width = WidestLabel(labels_);
    const bool axes = !labels_.empty();
    left_ = kMargin + (axes ? kCaptionHeight + label_width + kLabelGap : 0) +
            (figure_.row_labels.empty() ? 0 : WidestLabel(figure_.row_labels) + 2 * kLabelGap);
    top_ = kMargin + (figure_.title.empty() ? 0 : kTitleHeight) +
           (figure_.note.empty() ? 0 : kTitleHeight) +
           (figure_.column_labels.empty() ? 0 : kTitleHeight);
    panel_top_ = figure_.panel_titles.empty() ? 0 : kTitleHeight;
    panel_bottom_ = axes ? kLabelGap + label_width + kCaptionHeight : 0;
    const auto columns = static_cast<int>(figure_.columns);
    const int grid_width = PanelX(figure_.columns - 1) + side_;
    right_ = grid_width + 2 * kPanelGap;
    const int grid_bottom = PanelY((rows_ - 1) * static_cast<std::size_t>(columns)) + side_;
    bar_height_ = std::clamp(grid_bottom - PanelY(0), kMinBarHeight, kMaxBarHeight);
    const int legend = 2 * kTextLine + 14;
    const int heading = TextWidth(CutToWidth(figure_.title, kMaxTitle));
    const int note = TextWidth(figure_.note);
    width_ = std::max({right_ + kBarRoom, kMargin + heading, kMargin + note}) + kMargin;
    height_ = std::max(grid_bottom + panel_bottom_, PanelY(0) + bar_height_ + legend) + kMargin;
  }

  // The piece of the token; with its position where not every token has a label.
  std::string AxisLabel(std::size_t cell) const {
    const std::size_t position = cell * figure_.panels[0].block;
    const std::string piece =
        position < figure_.tokens.size() ? figure_.tokens[position] : std::string();
    const bool thinned = label_step_ > 1 || figure_.panels[0].block > 1;
    return CutToWidth(thinned ? std::to_string(position) + " " + piece : piece, kMaxLabelColumns);
  }

  int PanelX(std::size_t index) const {
    const auto column = static_cast<int>(index % figure_.columns);
    const auto pair = static_cast<int>(figure_.pair);
    const int gaps = pair > 1 ? column / pair * kPairGap : 0;
    return left_ + column * (side_ + kPanelGap) + gaps;
  }
  int PanelY(std::size_t index) const {
    const auto row = static_cast<int>(index / figure_.columns);
    return top_ + panel_top_ + row * (side_ + panel_top_ + panel_bottom_ + kPanelGap);
  }

  void DrawHeading() {
    int y = kMargin + kTextLine / 2;
    if (!figure_.title.empty()) {
      painter_.Text(kMargin, y, CutToWidth(figure_.title, kMaxTitle), {});
      y += kTitleHeight;
    }
    if (!figure_.note.empty()) painter_.Text(kMargin, y, figure_.note, {.color = kGrey});
  }

  void DrawPanel(std::size_t index) {
    const Panel& panel = figure_.panels[index];
    const int x = PanelX(index);
    const int y = PanelY(index);
    painter_.Hatch({x, y, side_, side_});
    painter_.Cells(x, y, figure_.cell, panel, colors_, figure_.log_scale);
    painter_.Frame({x, y, side_, side_});
    if (figure_.annotate) Annotate(panel, x, y);
    if (!figure_.panel_titles.empty()) {
      const auto columns = static_cast<std::size_t>((side_ + kPanelGap) / kTextColumn);
      painter_.Text(x + side_ / 2, y - kTitleHeight / 2 - 1,
                    CutToWidth(figure_.panel_titles[index], std::max<std::size_t>(columns, 6)),
                    {.anchor = TextStyle::Anchor::kMiddle});
    }
    if (!labels_.empty()) DrawAxes(index, x, y);
  }

  void Annotate(const Panel& panel, int x, int y) {
    for (std::size_t query = 0; query < panel.size; ++query) {
      for (std::size_t key = 0; key < panel.size; ++key) {
        if (!panel.Visible(query, key)) continue;
        const float weight = panel.At(query, key);
        const Rgb background = colors_.OfWeight(static_cast<double>(weight), figure_.log_scale);
        painter_.Text(x + static_cast<int>(key) * figure_.cell + figure_.cell / 2,
                      y + static_cast<int>(query) * figure_.cell + figure_.cell / 2,
                      CellText(weight),
                      {.anchor = TextStyle::Anchor::kMiddle, .color = TextColorOn(background)});
      }
    }
  }

  void DrawAxes(std::size_t index, int x, int y) {
    const bool first_column = index % figure_.columns == 0;  // rows are labelled once
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      const int middle = static_cast<int>(i * label_step_) * figure_.cell + figure_.cell / 2;
      if (first_column) {
        painter_.Text(x - kLabelGap, y + middle, labels_[i], {.anchor = TextStyle::Anchor::kEnd});
      }
      painter_.Text(x + middle, y + side_ + kLabelGap, labels_[i],
                    {.anchor = TextStyle::Anchor::kEnd, .vertical = true});
    }
    if (first_column) {
      painter_.Text(kMargin + kTextLine / 2, y + side_ / 2, "query",
                    {.anchor = TextStyle::Anchor::kMiddle, .vertical = true, .color = kGrey});
    }
    painter_.Text(x + side_ / 2, y + side_ + panel_bottom_ - kTextLine / 2, "key",
                  {.anchor = TextStyle::Anchor::kMiddle, .color = kGrey});
  }

  void DrawGridLabels() {
    for (std::size_t row = 0; row < figure_.row_labels.size(); ++row) {
      painter_.Text(left_ - 2 * kLabelGap, PanelY(row * figure_.columns) + side_ / 2,
                    figure_.row_labels[row], {.anchor = TextStyle::Anchor::kEnd});
    }
    for (std::size_t i = 0; i < figure_.column_labels.size(); ++i) {
      const int from = PanelX(i * figure_.pair);
      const int to = PanelX(i * figure_.pair + figure_.pair - 1) + side_;
      painter_.Text((from + to) / 2, top_ - kTitleHeight / 2 - 1, figure_.column_labels[i],
                    {.anchor = TextStyle::Anchor::kMiddle});
    }
  }

  void DrawColorBar() {
    const int y = PanelY(0);
    for (int i = 0; i < bar_height_; ++i) {
      const double position = 1.0 - (i + 0.5) / bar_height_;
      painter_.Fill({right_, y + i, kBarWidth, 1}, colors_.At(position));
    }
    painter_.Frame({right_, y, kBarWidth, bar_height_});
    constexpr std::array<std::string_view, 6> kLinear = {"1", "0.8", "0.6", "0.4", "0.2", "0"};
    constexpr std::array<std::string_view, 5> kLog = {"1", "0.1", "0.01", "0.001", "<0.0001"};
    const std::size_t ticks = figure_.log_scale ? kLog.size() : kLinear.size();
    for (std::size_t i = 0; i < ticks; ++i) {
      const int height = bar_height_ * static_cast<int>(i) / static_cast<int>(ticks - 1);
      painter_.Text(right_ + kBarWidth + kLabelGap, y + height,
                    figure_.log_scale ? kLog[i] : kLinear[i], {});
    }
    const int legend = y + bar_height_ + kTextLine + 6;
    const Box swatch = {right_, legend, kBarWidth, kBarWidth};
    painter_.Hatch(swatch);
    painter_.Frame(swatch);
    painter_.Text(right_ + kBarWidth + kLabelGap, legend + kBarWidth / 2, "masked", {});
  }

  static constexpr std::size_t kMaxTitle = 120;

  const Figure& figure_;
  Painter& painter_;
  ColorMap colors_;
  std::size_t rows_ = 1;
  std::size_t label_step_ = 1;
  std::vector<std::string> labels_;  // of cells 0, label_step_, 2 label_step_, …
  int side_ = 0;                     // of a panel
  int left_ = 0, top_ = 0, right_ = 0;
  int panel_top_ = 0, panel_bottom_ = 0;  // space for a panel's title and its axis
  int bar_height_ = 0;
  int width_ = 0, height_ = 0;
};

}  // namespace

std::string DrawFigure(const Figure& figure, Painter& painter) {
  return Layout(figure, painter).Draw();
}

}  // namespace fovea::dump
