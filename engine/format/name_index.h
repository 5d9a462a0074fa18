// Finds items by name. A sorted list of positions, not a hash table: a file's author can choose the
// names, and no choice makes sorting quadratic. Four bytes per item.
#ifndef FOVEA_FORMAT_NAME_INDEX_H_
#define FOVEA_FORMAT_NAME_INDEX_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace fovea::format {

/// Over a vector of items with a `name`, which must stay as it is while the index is used.
class NameIndex {
 public:
  /// At most 2^32 - 1 items. Returns null, or an item whose name an earlier one has too.
  template <typename Item>
  const Item* Build(const std::vector<Item>& items) {
    order_.resize(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) order_[i] = static_cast<std::uint32_t>(i);
    std::sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
      const int order = items[a].name.compare(items[b].name);
      return order != 0 ? order < 0 : a < b;
    });
    for (std::size_t i = 1; i < order_.size(); ++i) {
      if (items[order_[i - 1]].name == items[order_[i]].name) return &items[order_[i]];
    }
    return nullptr;
  }

  /// Null if there is none.
  template <typename Item>
  const Item* Find(const std::vector<Item>& items, std::string_view name) const {
    const auto found = std::lower_bound(
        order_.begin(), order_.end(), name,
        [&](std::uint32_t i, std::string_view wanted) { return items[i].name < wanted; });
    if (found == order_.end() || items[*found].name != name) return nullptr;
    return &items[*found];
  }

  std::size_t heap_bytes() const { return order_.capacity() * sizeof(order_[0]); }

 private:
  std::vector<std::uint32_t> order_;
};

}  // namespace fovea::format

#endif  // FOVEA_FORMAT_NAME_INDEX_H_
