#include <algorithm>

#include "fovea/attention.h"

namespace fovea {
namespace {

template <typename Item>
bool EmptyOrHas(const std::vector<Item>& list, Item item) {
  return list.empty() || std::find(list.begin(), list.end(), item) != list.end();
}

}  // namespace

bool AttentionSelection::HasStream(AttentionStream stream) const {
  return EmptyOrHas(streams, stream);
}

bool AttentionSelection::HasLayer(std::size_t layer) const {
  return EmptyOrHas(layers, layer);
}

bool AttentionSelection::HasHead(std::size_t head) const {
  return EmptyOrHas(heads, head);
}

}  // namespace fovea
