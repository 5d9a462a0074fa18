// All observers that a dump needs, chosen by what its outputs want, and what they keep in memory.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_RECORDERS_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_RECORDERS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/data/dump_data.h"
#include "tools/attention-dump/data/dump_shape.h"
#include "tools/attention-dump/data/kept_maps.h"
#include "tools/attention-dump/observers/observer_group.h"
#include "tools/attention-dump/observers/pool_recorder.h"
#include "tools/attention-dump/observers/row_sum_check.h"
#include "tools/attention-dump/observers/statistics_by_head.h"
#include "tools/attention-dump/observers/streaming_dump.h"
#include "tools/attention-dump/observers/top_k_recorder.h"
#include "tools/attention-dump/observers/value_weighted_rows.h"
#include "tools/attention-dump/output/arrays/array_writer.h"

namespace fovea::dump {

/// What is to be kept in memory besides what streams into array files.
struct KeepPlan {
  bool whole_maps = false;
  std::size_t picture_block = 0;  ///< 0: no pictures; 1: from whole maps; else pooled to this.
  bool bidirectional = false;     ///< Also without the mask. Needs whole_maps.
  bool top_k = false;             ///< For text; the shape says which k.
  bool pooled = false;            ///< For text; the shape says which block.
  bool statistics = false;
  /// If not null: cells are value-weighted, statistics are still of weights. Not owned.
  const ValueNorms* value_norms = nullptr;
  bool others_take_rows = false;  ///< Observers will be added that look at rows.
};

/// Bytes that the plan keeps; kLimitExceeded if no memory could hold them.
Result<std::uint64_t> KeptBytes(const KeepPlan& plan, const DumpShape& shape);

class Recorders {
 public:
  /// `files` and `kept` are not owned. The plan must have passed KeptBytes.
  Recorders(const KeepPlan& plan, const DumpShape& shape, const std::vector<ArrayFile*>& files,
            KeptMaps* kept);

  /// More observers may be added before the run.
  ObserverGroup* observers() { return &observers_; }
  /// For RunOptions::on_logits.
  void OnLogits(std::size_t position, std::span<const float> logits) {
    dump_.OnLogits(position, logits);
  }
  /// For RunOptions::on_output and on_hidden.
  void OnOutput(std::size_t position, std::span<const float> rows) {
    dump_.OnOutput(position, rows);
  }
  void OnHidden(std::size_t layer, std::size_t position, std::span<const float> rows) {
    dump_.OnHidden(layer, position, rows);
  }
  /// Of writes into the array files.
  const ArrayWriter& writer() const { return writer_; }

  /// After the run: completes what was kept (info has the tokens that were run in the end) and what
  /// the sidecar says about the rows. Errors name the option.
  Status Finish(DumpInfo* info);

 private:
  DumpShape shape_;
  KeepPlan plan_;
  KeptMaps* kept_;
  ArrayWriter writer_;
  ArrayWriter no_files_;  // for what is kept alone
  std::vector<KeptTrace> traces_;
  StreamingDump dump_;
  RowSumCheck row_sums_;
  std::unique_ptr<TopKRecorder> top_k_;
  std::unique_ptr<PoolRecorder> pool_, picture_;
  std::unique_ptr<StatisticsByHead> statistics_;
  ObserverGroup observers_;
  ObserverGroup cells_;  // what takes cells, behind weighted_
  std::optional<ValueWeightedRows> weighted_;
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_RECORDERS_H_
