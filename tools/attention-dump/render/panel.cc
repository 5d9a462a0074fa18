#include "tools/attention-dump/render/panel.h"

#include <algorithm>
#include <cmath>

namespace fovea::dump {

Panel MakePanel(const MapSet& maps, std::size_t layer_index, std::size_t head_index,
                const PanelOptions& options) {
  const std::size_t side = maps.side();
  const std::size_t pool =
      options.max_size > 0
          ? std::max<std::size_t>(1, (side + options.max_size - 1) / options.max_size)
          : 1;
  Panel panel;
  panel.block = pool * maps.block;
  panel.size = (side + pool - 1) / pool;
  panel.weights.assign(panel.size * panel.size, 0.0F);
  panel.visible.assign(panel.size * panel.size, false);

  const float* map = maps.Map(layer_index, head_index);
  const bool drop_first = options.drop_first && maps.block == 1;
  const std::size_t first_key = drop_first ? 1 : 0;
  for (std::size_t query = 0; query < side; ++query) {
    const float* row = map + query * side;
    float scale = 1.0F;
    if (drop_first) {
      float rest = 0.0F;
      for (std::size_t key = first_key; key < side; ++key) {
        if (maps.Visible(layer_index, query, key)) rest += row[key];
      }
      scale = rest > 0.0F ? 1.0F / rest : 0.0F;
    }
    for (std::size_t key = first_key; key < side; ++key) {
      if (!maps.Visible(layer_index, query, key)) continue;
      const std::size_t cell = query / pool * panel.size + key / pool;
      const float weight = row[key] * scale;
      // A NaN must not be lost among the numbers of its block.
      if (!panel.visible[cell] || weight > panel.weights[cell] || std::isnan(weight)) {
        panel.weights[cell] = weight;
      }
      panel.visible[cell] = true;
    }
  }
  return panel;
}

std::string HeadName(std::size_t layer, std::size_t head) {
  return "L" + std::to_string(layer) + "H" + std::to_string(head);
}

std::string MapName(const MapSet& maps, std::size_t layer_index, std::size_t head_index) {
  if (maps.by_layer) return "L" + std::to_string(maps.layers[layer_index]);
  return HeadName(maps.layers[layer_index], maps.heads[head_index]);
}

std::string TokenPiece(const DumpInfo& info, std::size_t position) {
  if (position < info.tokens.pieces.size()) return info.tokens.pieces[position];
  return "#" + std::to_string(position);
}

}  // namespace fovea::dump
