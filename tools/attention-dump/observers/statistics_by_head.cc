#include "tools/attention-dump/observers/statistics_by_head.h"

namespace fovea::dump {

StatisticsByHead::StatisticsByHead(const std::vector<std::size_t>& layers,
                                   const std::vector<std::size_t>& heads)
    : selection_({.layers = layers, .heads = heads}),
      index_(layers, heads),
      observers_(layers.size() * heads.size()) {}

void StatisticsByHead::OnRows(const AttentionRows& rows) {
  const std::size_t map = index_.Map(rows);
  if (map != HeadIndex::kNone) observers_[map].OnRows(rows);
}

std::vector<HeadStatistics> StatisticsByHead::Heads() const {
  std::vector<HeadStatistics> heads;
  for (const HeadStatisticsObserver& observer : observers_) {
    const std::vector<HeadStatistics> one = observer.Heads();
    heads.push_back(one.empty() ? HeadStatistics() : one.front());
  }
  return heads;
}

}  // namespace fovea::dump
