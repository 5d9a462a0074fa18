#include <algorithm>

#include "fovea/attention.h"

namespace fovea {

Mask::Range Mask::KeyRange(std::size_t query, std::size_t keys) const {
  if (kind == Kind::kNone) return {0, keys};
  // Position of the query. It saturates instead of wrapping, which does not change the range.
  const std::size_t position = first_query + std::min(query, ~first_query);
  if (kind == Kind::kSymmetricWindow) {
    const std::size_t reach = window / 2;
    const std::size_t end =
        position < keys && reach < keys - position ? position + reach + 1 : keys;
    return {std::min(position - std::min(position, reach), end), end};
  }
  const std::size_t end = position < keys ? position + 1 : keys;
  if (kind == Kind::kCausal) return {0, end};
  const std::size_t begin = position >= window ? position - window + 1 : 0;
  return {std::min(begin, end), end};
}

std::string_view MaskKindName(Mask::Kind kind) {
  switch (kind) {
    case Mask::Kind::kNone: return "none";
    case Mask::Kind::kCausal: return "causal";
    case Mask::Kind::kSlidingWindow: return "sliding_window";
    case Mask::Kind::kSymmetricWindow: return "symmetric_window";
  }
  return "unknown";
}

}  // namespace fovea
