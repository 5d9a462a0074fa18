#include "tools/attention-dump/render/telling_head.h"

#include <algorithm>

namespace fovea::dump {

std::size_t MostTelling(const std::vector<HeadStatistics>& heads) {
  const auto score = [](const HeadStatistics& head) {
    return head.confidence * (1.0 - std::max(head.first_token, head.self));
  };
  const auto best = std::max_element(
      heads.begin(), heads.end(),
      [&](const HeadStatistics& a, const HeadStatistics& b) { return score(a) < score(b); });
  return static_cast<std::size_t>(best - heads.begin());
}

}  // namespace fovea::dump
