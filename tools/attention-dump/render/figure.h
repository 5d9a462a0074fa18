// The layout of a picture: panels in rows and columns on one colour scale, with titles, token
// labels, a colour bar and a legend. Painters do the drawing.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_RENDER_FIGURE_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_RENDER_FIGURE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "tools/attention-dump/render/painter.h"

namespace fovea::dump {

struct Figure {
  std::string title;
  std::string note;  ///< A grey line under the title: what was done to the weights.
  std::size_t columns = 1;
  std::size_t pair = 1;                    ///< Columns that belong together (2 in a comparison).
  int cell = 1;                            ///< Units per cell.
  std::vector<Panel> panels;               ///< Row by row; all of one size.
  std::vector<std::string> panel_titles;   ///< Per panel, or empty.
  std::vector<std::string> row_labels;     ///< Per row, or empty.
  std::vector<std::string> column_labels;  ///< Per pair of columns, or empty.
  std::vector<std::string> tokens;         ///< Labels of both axes, or empty: no axes.
  bool annotate = false;                   ///< Write the weights into the cells.
  bool log_scale = false;
  std::string colormap;
};

/// Draws everything and returns the painter's file.
std::string DrawFigure(const Figure& figure, Painter& painter);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_RENDER_FIGURE_H_
