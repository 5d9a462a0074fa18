// --top-k: the k largest weights of every row instead of the row, into array files or into memory.
// Memory: k entries per row of a tile; no map is held.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_TOP_K_RECORDER_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_TOP_K_RECORDER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/data/dump_shape.h"
#include "tools/attention-dump/data/head_index.h"
#include "tools/attention-dump/data/kept_maps.h"
#include "tools/attention-dump/output/arrays/array_writer.h"

namespace fovea::dump {

/// Entries beyond the keys that a row attends to have key -1 and weight 0.
class TopKRecorder final : public AttentionObserver {
 public:
  /// shape.top_k > 0. Writes topk_index, topk_weight and residual into the files that hold them,
  /// and into `maps` (null: not kept; sized here). Nothing is owned.
  TopKRecorder(const DumpShape& shape, ArrayWriter* writer, TopKMaps* maps);

  const AttentionSelection& selection() const override { return selection_; }
  bool concurrent() const override { return true; }
  void OnRows(const AttentionRows& rows) override;

  /// Over all rows seen. Not to be called while the run goes on.
  double worst_residual() const;
  double mean_residual() const;

 private:
  /// Of one head: its rows come one call at a time, so no lock is needed.
  struct Residuals {
    double worst = 0.0;
    double sum = 0.0;
    std::size_t rows = 0;
  };
  void Record(const AttentionRows& rows, std::size_t map);

  DumpShape shape_;
  AttentionSelection selection_;
  HeadIndex index_;
  ArrayWriter* writer_;
  ArrayWriter::Slots key_slots_, weight_slots_, residual_slots_;
  TopKMaps* maps_;
  std::vector<Residuals> residuals_;  // [layers, heads]
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_TOP_K_RECORDER_H_
