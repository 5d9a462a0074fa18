#include <algorithm>

#include "fovea/attention.h"

namespace fovea {
namespace {

bool EmptyOrHas(const std::vector<std::size_t>& list, std::size_t item) {
  return list.empty() || std::find(list.begin(), list.end(), item) != list.end();
}

}  // namespace

bool AttentionSelection::HasLayer(std::size_t layer) const {
  return EmptyOrHas(layers, layer);
}

bool AttentionSelection::HasHead(std::size_t head) const {
  return EmptyOrHas(heads, head);
}

}  // namespace fovea
