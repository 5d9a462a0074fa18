#include "tools/attention-dump/render/telling_head.h"

#include <algorithm>

namespace fovea::dump {

std::vector<HeadStatistics> StatisticsOf(const MapSet& maps, const DumpInfo& info) {
  HeadStatisticsObserver observer;
  const std::size_t tokens = maps.tokens;
  for (std::size_t layer = 0; layer < maps.layers.size(); ++layer) {
    for (std::size_t head = 0; head < maps.heads.size(); ++head) {
      AttentionRows rows;
      rows.layer = maps.layers[layer];
      rows.head = maps.heads[head];
      if (head < info.kv_head.size()) rows.kv_head = info.kv_head[head];
      rows.query_count = rows.key_count = rows.stride = tokens;
      rows.weights = maps.Map(layer, head);
      const std::size_t window = maps.windows.empty() ? 0 : maps.windows[layer];
      rows.mask = window == 0 ? Mask::Kind::kCausal : Mask::Kind::kSlidingWindow;
      rows.window = window;
      observer.OnRows(rows);
    }
  }
  return observer.Heads();
}

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
