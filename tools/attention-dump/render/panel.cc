#include "tools/attention-dump/render/panel.h"

#include <algorithm>
#include <cmath>

namespace fovea::dump {

Panel MakePanel(const MapSet& maps, std::size_t layer_index, std::size_t head_index,
                const PanelOptions& options) {
  const std::size_t tokens = maps.tokens;
  Panel panel;
  if (options.max_size > 0 && tokens > options.max_size) {
    panel.block = (tokens + options.max_size - 1) / options.max_size;
  }
  panel.size = (tokens + panel.block - 1) / panel.block;
  panel.weights.assign(panel.size * panel.size, 0.0F);
  panel.visible.assign(panel.size * panel.size, false);

  const float* map = maps.Map(layer_index, head_index);
  const std::size_t first_key = options.drop_first ? 1 : 0;
  for (std::size_t query = 0; query < tokens; ++query) {
    const float* row = map + query * tokens;
    float scale = 1.0F;
    if (options.drop_first) {
      float rest = 0.0F;
      for (std::size_t key = first_key; key < tokens; ++key) {
        if (maps.Visible(layer_index, query, key)) rest += row[key];
      }
      scale = rest > 0.0F ? 1.0F / rest : 0.0F;
    }
    for (std::size_t key = first_key; key < tokens; ++key) {
      if (!maps.Visible(layer_index, query, key)) continue;
      const std::size_t cell = query / panel.block * panel.size + key / panel.block;
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

std::string TokenPiece(const DumpInfo& info, std::size_t position) {
  if (position < info.tokens.pieces.size()) return info.tokens.pieces[position];
  return "#" + std::to_string(position);
}

}  // namespace fovea::dump
