#include "tools/attention-dump/data/dump_data.h"

#include <algorithm>

namespace fovea::dump {

const char* QuantityName(Quantity quantity) {
  switch (quantity) {
    case Quantity::kWeight: return "weight";
    case Quantity::kValueWeighted: return "value-weighted";
    case Quantity::kRollout: return "rollout";
    case Quantity::kFlow: return "flow";
  }
  return "";
}

void TrimMaps(std::size_t tokens, MapSet* maps) {
  if (tokens >= maps->tokens) return;
  const std::size_t old_side = maps->side();
  const std::size_t count = maps->layers.size() * maps->heads.size();
  maps->tokens = tokens;
  const std::size_t side = maps->side();
  float* weights = maps->weights.data();
  for (std::size_t map = 0; map < count; ++map) {
    for (std::size_t row = 0; row < side; ++row) {
      const float* from = weights + (map * old_side + row) * old_side;
      std::copy(from, from + side, weights + (map * side + row) * side);
    }
  }
  maps->weights.resize(count * side * side);
}

}  // namespace fovea::dump
