// Which figure suits a set of maps: one large map with tokens, two side by side, or a grid.
#include <algorithm>
#include <utility>

#include "tools/attention-dump/render/figure.h"
#include "tools/attention-dump/render/render.h"

namespace fovea::dump {
namespace {

constexpr std::size_t kAnnotatedCells = 20;  // up to here cells hold their numbers
constexpr std::size_t kLabelledCells = 72;   // up to here each has a label
constexpr std::size_t kLargeMap = 1024;      // units of a map that stands alone, at most
constexpr std::size_t kGridWidth = 1440;     // units shared by the panels of a row …
constexpr std::size_t kGridHeight = 2400;    // … and of a column
constexpr std::size_t kMinThumbnail = 64;
constexpr std::size_t kMaxThumbnail = 320;

int CellOfLargeMap(std::size_t cells) {
  if (cells <= kAnnotatedCells) return 30;
  if (cells <= kLabelledCells) return kTextLine + 1;
  return static_cast<int>(std::max<std::size_t>(1, kLargeMap / cells));
}

std::string Note(const PictureOptions& options, const std::vector<Panel>& panels) {
  std::string note;
  if (options.drop_first) note = "first token hidden, rows renormalised";
  if (!panels.empty() && panels[0].block > 1) {
    const std::string block = std::to_string(panels[0].block);
    note += (note.empty() ? "" : "; ") + ("each cell: the largest of " + block + " x ") + block +
            " weights";
  }
  return note;
}

Figure Start(const PictureOptions& options) {
  Figure figure;
  figure.title = options.title;
  figure.log_scale = options.log_scale;
  figure.colormap = options.colormap;
  return figure;
}

void AddTokens(const DumpInfo& info, std::size_t tokens, Figure& figure) {
  for (std::size_t i = 0; i < tokens; ++i) figure.tokens.push_back(TokenPiece(info, i));
}

// One head, or one head of each set.
Figure LargeFigure(const DumpInfo& info, const std::vector<const MapSet*>& sets,
                   std::vector<std::string> titles, const PictureOptions& options) {
  Figure figure = Start(options);
  const std::size_t tokens = sets[0]->tokens;
  const std::size_t side = sets[0]->side();
  figure.cell = CellOfLargeMap(side);
  figure.annotate = side <= kAnnotatedCells;
  figure.columns = sets.size();
  const std::size_t max_size = kLargeMap / sets.size();
  if (sets.size() > 1 && side > kLabelledCells) {
    figure.cell = static_cast<int>(std::max<std::size_t>(1, max_size / side));
  }
  for (const MapSet* maps : sets) {
    figure.panels.push_back(
        MakePanel(*maps, 0, 0, {.max_size = max_size, .drop_first = options.drop_first}));
  }
  figure.panel_titles = std::move(titles);
  AddTokens(info, tokens, figure);
  figure.note = Note(options, figure.panels);
  return figure;
}

struct GridShape {
  std::size_t columns = 1;  // heads per row
  std::size_t rows = 1;
  bool by_layer = true;  // a row is a layer and a column a head; else heads just follow each other
};

GridShape ShapeOf(std::size_t layers, std::size_t heads) {
  constexpr std::size_t kStripColumns = 8;
  if ((layers > 1 && heads > 1) || layers * heads <= kStripColumns) return {heads, layers, true};
  const std::size_t rows = (layers * heads + kStripColumns - 1) / kStripColumns;
  return {(layers * heads + rows - 1) / rows, rows, false};
}

// Cells per side of a panel in a grid with so many sets side by side.
std::size_t ThumbnailCells(const GridShape& shape, std::size_t sets) {
  return std::clamp(std::min(kGridWidth / (shape.columns * sets), kGridHeight / shape.rows),
                    kMinThumbnail, kMaxThumbnail);
}

// All heads of one set, or pairs of the same head of two sets.
Figure GridFigure(const std::vector<const MapSet*>& sets, const PictureOptions& options) {
  Figure figure = Start(options);
  const MapSet& first = *sets[0];
  const GridShape shape = ShapeOf(first.layers.size(), first.heads.size());
  figure.pair = sets.size();
  figure.columns = shape.columns * sets.size();
  const std::size_t target = ThumbnailCells(shape, sets.size());
  for (std::size_t layer = 0; layer < first.layers.size(); ++layer) {
    for (std::size_t head = 0; head < first.heads.size(); ++head) {
      for (const MapSet* maps : sets) {
        figure.panels.push_back(
            MakePanel(*maps, layer, head, {.max_size = target, .drop_first = options.drop_first}));
        if (!shape.by_layer) {
          figure.panel_titles.push_back(MapName(first, layer, head));
        }
      }
    }
  }
  figure.cell = static_cast<int>(
      std::max<std::size_t>(1, target / std::max<std::size_t>(1, figure.panels[0].size)));
  if (shape.by_layer) {
    for (const std::size_t layer : first.layers) {
      figure.row_labels.push_back("L" + std::to_string(layer));
    }
    for (const std::size_t head : first.heads) {
      figure.column_labels.push_back(first.by_layer ? "" : "H" + std::to_string(head));
    }
  }
  figure.note = Note(options, figure.panels);
  return figure;
}

bool IsEmpty(const MapSet& maps) {
  return maps.tokens == 0 || maps.layers.empty() || maps.heads.empty();
}

std::string Render(const DumpInfo& info, const MapSet& maps, const PictureOptions& options,
                   Painter& painter) {
  if (IsEmpty(maps)) return DrawFigure(Start(options), painter);
  const bool one_head = maps.layers.size() * maps.heads.size() == 1;
  return DrawFigure(one_head ? LargeFigure(info, {&maps}, {MapName(maps, 0, 0)}, options)
                             : GridFigure({&maps}, options),
                    painter);
}

bool SameShape(const MapSet& left, const MapSet& right) {
  return left.tokens == right.tokens && left.layers == right.layers && left.heads == right.heads;
}

std::string RenderComparison(const DumpInfo& info, const MapSet& left, const MapSet& right,
                             const std::string& left_title, const std::string& right_title,
                             const PictureOptions& options, Painter& painter) {
  if (IsEmpty(left) || !SameShape(left, right)) return Render(info, left, options, painter);
  const std::string titles = "left: " + left_title + "   right: " + right_title;
  if (left.layers.size() * left.heads.size() == 1) {
    Figure figure = LargeFigure(info, {&left, &right}, {left_title, right_title}, options);
    const std::string name = MapName(left, 0, 0);
    figure.title = options.title.empty() ? name : options.title + "  " + name;
    return DrawFigure(figure, painter);
  }
  Figure figure = GridFigure({&left, &right}, options);
  figure.note = titles + (figure.note.empty() ? "" : "   (" + figure.note + ")");
  return DrawFigure(figure, painter);
}

}  // namespace

std::size_t MaxPictureCells(std::size_t layers, std::size_t heads) {
  return layers * heads == 1 ? kLargeMap : ThumbnailCells(ShapeOf(layers, heads), 1);
}

std::string RenderPng(const DumpInfo& info, const MapSet& maps, const PictureOptions& options) {
  return Render(info, maps, options, *MakePngPainter());
}

std::string RenderSvg(const DumpInfo& info, const MapSet& maps, const PictureOptions& options) {
  return Render(info, maps, options, *MakeSvgPainter());
}

std::string RenderComparisonPng(const DumpInfo& info, const MapSet& left, const MapSet& right,
                                const std::string& left_title, const std::string& right_title,
                                const PictureOptions& options) {
  return RenderComparison(info, left, right, left_title, right_title, options, *MakePngPainter());
}

std::string RenderComparisonSvg(const DumpInfo& info, const MapSet& left, const MapSet& right,
                                const std::string& left_title, const std::string& right_title,
                                const PictureOptions& options) {
  return RenderComparison(info, left, right, left_title, right_title, options, *MakeSvgPainter());
}

}  // namespace fovea::dump
