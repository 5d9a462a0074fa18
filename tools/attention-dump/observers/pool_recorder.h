// --pool, pictures and terminal views of long texts: maps pooled to blocks of P × P tokens while
// they stream by. Memory: one row of blocks per head, besides the pooled maps themselves if they
// are kept.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_POOL_RECORDER_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_POOL_RECORDER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/data/dump_data.h"
#include "tools/attention-dump/data/dump_shape.h"
#include "tools/attention-dump/data/head_index.h"
#include "tools/attention-dump/output/arrays/array_writer.h"

namespace fovea::dump {

/// The largest weight and the mean weight of the visible cells of every block; blocks without a
/// visible cell are 0.
class PoolRecorder final : public AttentionObserver {
 public:
  /// Blocks of `block` × `block` tokens (at least 1). Writes pooled_max and pooled_mean into the
  /// files that hold them, and into `largest` and `mean` (null: not kept; sized here). Nothing is
  /// owned.
  PoolRecorder(const DumpShape& shape, std::size_t block, ArrayWriter* writer, MapSet* largest,
               MapSet* mean);

  const AttentionSelection& selection() const override { return selection_; }
  bool concurrent() const override { return true; }
  void OnRows(const AttentionRows& rows) override;

  /// After the run, which may have stopped before the planned tokens: the last row of blocks goes
  /// out, and what was kept shrinks to `tokens` tokens.
  void Finish(std::size_t tokens);

 private:
  /// The row of blocks that a head is at. Rows of one head come one call at a time and in order, so
  /// no lock is needed.
  struct BlockRow {
    std::size_t number = 0;
    bool begun = false;
    std::vector<float> largest;        // [blocks]
    std::vector<double> sum;           // [blocks]
    std::vector<std::uint64_t> cells;  // [blocks] visible ones
  };
  void AddRow(const float* row, const Mask::Range& visible, BlockRow* blocks) const;
  void PutOut(std::size_t map, BlockRow* blocks);

  DumpShape shape_;
  std::size_t block_;
  std::size_t side_;  // blocks of the planned tokens
  AttentionSelection selection_;
  HeadIndex index_;
  ArrayWriter* writer_;
  ArrayWriter::Slots largest_slots_, mean_slots_;
  MapSet* largest_;
  MapSet* mean_;
  std::vector<BlockRow> rows_;  // [layers, heads]
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_POOL_RECORDER_H_
