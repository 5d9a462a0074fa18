// One head's map made ready to draw: renormalised and pooled as asked, each cell with its state.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_RENDER_PANEL_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_RENDER_PANEL_H_

#include <cstddef>
#include <string>
#include <vector>

#include "tools/attention-dump/data/dump_data.h"

namespace fovea::dump {

struct Panel {
  std::size_t size = 0;        ///< Cells per side.
  std::size_t block = 1;       ///< Tokens per cell and side; above 1 a cell is their maximum.
  std::vector<float> weights;  ///< [size, size], row = query.
  std::vector<bool> visible;   ///< [size, size]; false: masked (every cell of the block).

  float At(std::size_t query, std::size_t key) const { return weights[query * size + key]; }
  bool Visible(std::size_t query, std::size_t key) const { return visible[query * size + key]; }
};

struct PanelOptions {
  std::size_t max_size = 0;  ///< Pool down to at most this many cells per side; 0: never.
  /// Key 0 counts as masked and the other weights of a row sum to 1; not if the maps are pooled.
  bool drop_first = false;
};

/// The map of one head. Indices count within `maps.layers` and `maps.heads`.
Panel MakePanel(const MapSet& maps, std::size_t layer_index, std::size_t head_index,
                const PanelOptions& options);

/// Name of a head, e.g. "L3H5".
std::string HeadName(std::size_t layer, std::size_t head);
/// HeadName of a map, or "L3" where there is one map per layer.
std::string MapName(const MapSet& maps, std::size_t layer_index, std::size_t head_index);

/// The display piece of a token; "#3" if the dump has no pieces.
std::string TokenPiece(const DumpInfo& info, std::size_t position);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_RENDER_PANEL_H_
