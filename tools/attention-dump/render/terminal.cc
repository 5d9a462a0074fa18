// One head as terminal text. Three shapes, by how much space there is: cells with numbers and token
// headings, cells of two columns, or one column per cell (and two rows per line where half blocks
// can be shown), pooled if even that is too wide.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>

#include "tools/attention-dump/render/color.h"
#include "tools/attention-dump/render/label_text.h"
#include "tools/attention-dump/render/panel.h"
#include "tools/attention-dump/render/render.h"

namespace fovea::dump {
namespace {

constexpr std::size_t kMinColumns = 20;
constexpr std::size_t kMaxLabelColumns = 16;
constexpr std::size_t kRulerStep = 10;
// A masked cell is blank, so zero needs a mark of its own: the ramp starts with a dot.
constexpr std::string_view kRamp = ".:-=+*#%@";
constexpr std::string_view kReset = "\x1b[0m";

// The nearest of the 6 × 6 × 6 colours that every 256-colour terminal has.
int Color256(Rgb color) {
  constexpr std::array<int, 6> kLevels = {0, 95, 135, 175, 215, 255};
  const auto nearest = [&](int channel) {
    int best = 0;
    for (int i = 1; i < 6; ++i) {
      const auto distance = [&](int level) {
        return std::abs(kLevels[static_cast<std::size_t>(level)] - channel);
      };
      if (distance(i) < distance(best)) best = i;
    }
    return best;
  };
  return 16 + 36 * nearest(color.red) + 6 * nearest(color.green) + nearest(color.blue);
}

// Columns of row labels at most.
std::size_t MaxLabel(std::size_t columns) {
  return std::min(kMaxLabelColumns, columns / 4);
}

class HeatMap {
 public:
  HeatMap(const DumpInfo& info, const MapSet& maps, const TerminalOptions& options)
      : info_(info),
        maps_(maps),
        options_(options),
        alphabet_(options.unicode ? Alphabet::kUnicode : Alphabet::kAscii),
        columns_(std::max(options.columns, kMinColumns)),
        // Viridis, not Blues: both of its ends differ from a white and from a black terminal.
        colors_("viridis") {}

  std::string Draw(std::size_t layer_index, std::size_t head_index) {
    ChooseShape();
    panel_ = MakePanel(maps_, layer_index, head_index, {.max_size = max_cells_});
    MeasureLabels();
    Line(Title(layer_index, head_index));
    if (with_numbers_) {
      Headings();
    } else {
      Ruler();
    }
    for (std::size_t row = 0; row < panel_.size; row += rows_per_line_) Row(row);
    Legend();
    return std::move(out_);
  }

 private:
  void ChooseShape() {
    const std::size_t tokens = maps_.tokens;
    std::size_t widest = 1;
    for (std::size_t i = 0; i < tokens; ++i) {
      widest = std::max(widest, DisplayWidth(TokenPiece(info_, i)));
    }
    const std::size_t max_label = MaxLabel(columns_);
    label_ = std::min(widest, max_label);
    const std::size_t space = columns_ - label_ - 1;
    const std::size_t number_cell = 5;  // " .83 ", or "#.83 " without colour
    with_numbers_ = tokens * number_cell <= space;
    cell_columns_ = with_numbers_ ? number_cell : 2;
    if (maps_.block == 1 && tokens * cell_columns_ <= space) {
      max_cells_ = tokens;
      return;
    }
    // Many tokens: labels carry positions, cells are one column wide.
    cell_columns_ = 1;
    rows_per_line_ = options_.color && options_.unicode ? 2 : 1;
    with_numbers_ = false;
    with_positions_ = true;
    label_ = max_label;
    max_cells_ = TerminalCells(options_);
  }

  void MeasureLabels() { digits_ = std::to_string(maps_.tokens).size(); }

  std::string Title(std::size_t layer_index, std::size_t head_index) const {
    const std::string name = MapName(maps_, layer_index, head_index);
    return name + "  row: query, column: key  " + info_.model.name;
  }

  void Line(std::string_view text) { out_ += CutToWidth(text, columns_, alphabet_) + "\n"; }

  void Headings() {
    out_ += std::string(label_ + 1, ' ');
    for (std::size_t key = 0; key < panel_.size; ++key) {
      constexpr std::string_view kSpace = "␣";
      std::string piece = TokenPiece(info_, key);
      if (DisplayWidth(piece) >= cell_columns_ && piece.starts_with(kSpace)) {
        piece.erase(0, kSpace.size());  // the letters tell more
      }
      out_ += FitToWidth(piece, cell_columns_ - 1, alphabet_) + " ";
    }
    out_ += "\n";
  }

  void Ruler() {
    std::string line;
    for (std::size_t cell = 0; cell < panel_.size; cell += kRulerStep) {
      const std::string number = std::to_string(cell * panel_.block);
      const std::size_t column = cell * cell_columns_;
      if (column + number.size() > panel_.size * cell_columns_) break;
      if (!line.empty() && line.size() + 1 > column) continue;
      line.resize(column, ' ');
      line += number;
    }
    out_ += std::string(label_ + 1, ' ') + line + "\n";
  }

  void Row(std::size_t row) {
    out_ += Label(row) + " ";
    for (std::size_t key = 0; key < panel_.size; ++key) {
      if (rows_per_line_ == 2) {
        HalfBlocks(row, key);
      } else {
        Cell(row, key);
      }
    }
    SetColors({}, {});
    out_ += "\n";
  }

  std::string Label(std::size_t row) const {
    const std::size_t position = row * panel_.block;
    const std::string piece = TokenPiece(info_, position);
    if (!with_positions_) return FitToWidth(piece, label_, alphabet_);
    const std::string number = std::to_string(position);
    const std::string padded =
        std::string(digits_ - std::min(digits_, number.size()), ' ') + number + " ";
    if (padded.size() >= label_) return FitToWidth(number, label_, alphabet_);
    return padded + FitToWidth(piece, label_ - padded.size(), alphabet_);
  }

  std::optional<Rgb> CellColor(std::size_t query, std::size_t key) const {
    if (query >= panel_.size || !panel_.Visible(query, key)) return std::nullopt;
    return colors_.OfWeight(static_cast<double>(panel_.At(query, key)), false);
  }

  void HalfBlocks(std::size_t row, std::size_t key) {
    const std::optional<Rgb> upper = CellColor(row, key);
    const std::optional<Rgb> lower = CellColor(row + 1, key);
    if (!upper && !lower) {
      SetColors({}, {});
      out_ += " ";
    } else if (!upper) {
      SetColors(lower, {});
      out_ += "▄";
    } else {
      SetColors(upper, lower);
      out_ += "▀";
    }
  }

  void Cell(std::size_t row, std::size_t key) {
    if (!panel_.Visible(row, key)) {
      SetColors({}, {});
      std::string text(cell_columns_, ' ');
      if (options_.color) text.replace(cell_columns_ / 2, 1, options_.unicode ? "·" : ".");
      out_ += text;
      return;
    }
    const float weight = panel_.At(row, key);
    if (options_.color) {
      const Rgb background = colors_.OfWeight(static_cast<double>(weight), false);
      SetColors(TextColorOn(background), background);
      out_ += with_numbers_ ? " " + Number(weight) + " " : std::string(cell_columns_, ' ');
      return;
    }
    const char mark = Mark(weight);
    if (!with_numbers_) {
      out_ += std::string(cell_columns_, mark);
    } else if (weight < 0.005F) {
      out_ += "  .  ";  // ".00" everywhere would hide the pattern
    } else {
      out_ += (mark == kRamp.front() ? ' ' : mark) + Number(weight) + " ";
    }
  }

  // ".07"; "1.0" from 0.995 on.
  static std::string Number(float weight) {
    if (std::isnan(weight)) return "nan";
    const int hundredths = static_cast<int>(std::lround(std::clamp(weight, 0.0F, 1.0F) * 100.0F));
    if (hundredths >= 100) return "1.0";
    return "." + std::to_string(hundredths / 10) + std::to_string(hundredths % 10);
  }

  static char Mark(float weight) {
    if (std::isnan(weight)) return '?';
    const double step =
        ScalePosition(static_cast<double>(weight), false) * static_cast<double>(kRamp.size() - 1);
    return kRamp[static_cast<std::size_t>(std::lround(step))];
  }

  // Writes an escape sequence only where the colours change.
  void SetColors(std::optional<Rgb> foreground, std::optional<Rgb> background) {
    if (foreground == foreground_ && background == background_) return;
    out_ += kReset;
    if (foreground) out_ += "\x1b[38;" + ColorCode(*foreground) + "m";
    if (background) out_ += "\x1b[48;" + ColorCode(*background) + "m";
    foreground_ = foreground;
    background_ = background;
  }

  std::string ColorCode(Rgb color) const {
    if (!options_.true_color) return "5;" + std::to_string(Color256(color));
    return "2;" + std::to_string(color.red) + ";" + std::to_string(color.green) + ";" +
           std::to_string(color.blue);
  }

  void Legend() {
    out_ += "0 ";
    std::size_t used = 2;
    constexpr int kSteps = 12;
    if (options_.color) {
      for (int i = 0; i < kSteps; ++i) {
        SetColors({}, colors_.At(static_cast<double>(i) / (kSteps - 1)));
        out_ += " ";
      }
      SetColors({}, {});
      used += kSteps;
    } else {
      out_ += kRamp;
      used += kRamp.size();
    }
    const bool dots = options_.color && rows_per_line_ == 1;
    std::string rest =
        dots ? (options_.unicode ? " 1   · masked" : " 1   . masked") : " 1   blank: masked";
    if (panel_.block > 1) {
      const std::string block = std::to_string(panel_.block);
      const std::string pooled = "cell: largest of " + block + " x " + block;
      const bool fits = used + rest.size() + 3 + pooled.size() <= columns_;
      out_ += CutToWidth(rest, columns_ - used, alphabet_) + (fits ? "   " : "\n");
      out_ += CutToWidth(pooled, columns_, alphabet_) + "\n";
      return;
    }
    out_ += CutToWidth(rest, columns_ - used, alphabet_) + "\n";
  }

  const DumpInfo& info_;
  const MapSet& maps_;
  const TerminalOptions& options_;
  Alphabet alphabet_;
  std::size_t columns_;
  ColorMap colors_;
  Panel panel_;
  std::size_t label_ = 0;   // columns of the row labels
  std::size_t digits_ = 1;  // of the largest position
  std::size_t cell_columns_ = 1;
  std::size_t rows_per_line_ = 1;
  std::size_t max_cells_ = 0;
  bool with_numbers_ = false;
  bool with_positions_ = false;
  std::optional<Rgb> foreground_, background_;  // in effect; nothing: the terminal's own
  std::string out_;
};

}  // namespace

std::size_t TerminalCells(const TerminalOptions& options) {
  const std::size_t columns = std::max(options.columns, kMinColumns);
  return columns - MaxLabel(columns) - 1;
}

std::string RenderTerminal(const DumpInfo& info, const MapSet& maps, std::size_t layer_index,
                           std::size_t head_index, const TerminalOptions& options) {
  if (maps.tokens == 0 || layer_index >= maps.layers.size() || head_index >= maps.heads.size()) {
    return "";
  }
  return HeatMap(info, maps, options).Draw(layer_index, head_index);
}

}  // namespace fovea::dump
