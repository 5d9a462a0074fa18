// Statistics of many heads at once while a run goes on: what HeadStatisticsObserver counts, for
// heads that arrive from several threads. Memory: O(heads) whatever the length of the text.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_STATISTICS_BY_HEAD_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_STATISTICS_BY_HEAD_H_

#include <cstddef>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/data/head_index.h"

namespace fovea::dump {

class StatisticsByHead final : public AttentionObserver {
 public:
  /// Original numbers of the chosen layers and heads.
  StatisticsByHead(const std::vector<std::size_t>& layers, const std::vector<std::size_t>& heads);

  const AttentionSelection& selection() const override { return selection_; }
  bool concurrent() const override { return true; }
  void OnRows(const AttentionRows& rows) override;

  /// Layer by layer, in the order of the chosen numbers. Not to be called while the run goes on.
  std::vector<HeadStatistics> Heads() const;

 private:
  AttentionSelection selection_;
  HeadIndex index_;
  std::vector<HeadStatisticsObserver> observers_;  // one per head: each has one caller at a time
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_STATISTICS_BY_HEAD_H_
