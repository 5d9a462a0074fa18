// The observer behind a page: keeps of a running session what a page needs, in memory that grows
// with the length of the text and not with its square (the weights of short texts aside).
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_PAGE_PAGE_RECORDER_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_PAGE_PAGE_RECORDER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/data/head_index.h"
#include "tools/attention-dump/page/recording.h"

namespace fovea::dump {

class PageRecorder final : public AttentionObserver {
 public:
  /// `prompt`: the ids that the session starts with; those after are taken to be generated
  /// greedily. `kernels`: those of the session. `value_norms`: of the plan's layers, not owned;
  /// null: none are recorded.
  PageRecorder(RecordingPlan plan, std::span<const std::int32_t> prompt, Kernels kernels,
               const ValueNorms* value_norms = nullptr);

  const AttentionSelection& selection() const override { return selection_; }
  bool concurrent() const override { return true; }
  void OnRows(const AttentionRows& rows) override;
  void OnTrace(const AttentionTrace& trace) override;
  void OnValues(const AttentionValues& values) override;
  /// For RunOptions::on_logits: losses, and candidates from the prompt's last position on.
  void OnLogits(std::size_t position, std::span<const float> logits);

  /// True after memory ran out: the run may stop.
  bool failed() const { return failed_.load(std::memory_order_relaxed); }

  /// After the run, once.
  Recording Take();

 private:
  RecordingPlan plan_;
  AttentionSelection selection_;
  HeadIndex index_;
  std::vector<std::size_t> kv_heads_;
  std::vector<std::int32_t> prompt_;
  Kernels kernels_;
  const ValueNorms* value_norms_;
  Recording recording_;
  std::atomic<bool> failed_{false};
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_PAGE_PAGE_RECORDER_H_
