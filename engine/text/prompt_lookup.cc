#include "engine/text/prompt_lookup.h"

#include <algorithm>

namespace fovea::text {

std::span<const std::int32_t> PromptLookup::Draft(std::size_t max_draft) const {
  // Backwards over earlier ends of a match: the first of the greatest length is the latest one.
  std::size_t best_end = 0;
  std::size_t best_length = kShortestMatch - 1;
  for (std::size_t end = ids_.size(); end-- > 1 && best_length < kLongestMatch;) {
    std::size_t length = 0;
    while (length < std::min(end, kLongestMatch) &&
           ids_[end - 1 - length] == ids_[ids_.size() - 1 - length]) {
      ++length;
    }
    if (length > best_length) {
      best_length = length;
      best_end = end;
    }
  }
  if (best_end == 0) return {};
  return std::span(ids_).subspan(best_end, std::min(max_draft, ids_.size() - best_end));
}

}  // namespace fovea::text
