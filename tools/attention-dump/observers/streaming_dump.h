// The observer behind every dump: rows go to open array files at the place where they belong, or
// into a MapSet that is small enough to keep, the moment they are computed. Memory: one tile row
// per thread.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_STREAMING_DUMP_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_STREAMING_DUMP_H_

#include <cstddef>
#include <mutex>
#include <span>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/data/dump_data.h"
#include "tools/attention-dump/data/dump_shape.h"
#include "tools/attention-dump/data/head_index.h"
#include "tools/attention-dump/output/arrays/array_writer.h"

namespace fovea::dump {

/// Queries and keys of one layer, kept to rebuild its maps with another mask.
struct KeptTrace {
  std::size_t layer = 0;
  std::vector<float> query;  ///< [selected heads, planned tokens, head_dim]
  std::vector<float> key;    ///< [kv_heads, planned tokens, head_dim]
  float scale = 1.0F;
  float softcap = 0.0F;
  /// [model heads, bias_stride], or empty; as of AttentionBias.
  std::vector<float> bias_table = {};
  std::size_t bias_stride = 0;
  std::size_t bias_zero = 0;
  Isa isa = Isa::kScalar;  ///< Of the kernels that computed them.

  /// Of one query head; lives as long as this.
  AttentionBias BiasOf(std::size_t head) const {
    if (bias_table.empty()) return {};
    return {.table = std::span(bias_table).subspan(head * bias_stride, bias_stride),
            .head_stride = bias_stride,
            .zero = bias_zero};
  }
};

class StreamingDump final : public AttentionObserver {
 public:
  /// Nothing is owned; `maps` and `traces` may be null and are sized here. Writes that fail are the
  /// writer's to report.
  StreamingDump(DumpShape shape, ArrayWriter* writer, MapSet* maps, std::vector<KeptTrace>* traces);

  const AttentionSelection& selection() const override { return selection_; }
  bool concurrent() const override { return true; }
  void OnRows(const AttentionRows& rows) override;
  void OnTrace(const AttentionTrace& trace) override;
  /// For RunOptions::on_logits.
  void OnLogits(std::size_t position, std::span<const float> logits);
  /// For RunOptions::on_output and on_hidden. rows: [count, hidden_size]
  void OnOutput(std::size_t position, std::span<const float> rows);
  void OnHidden(std::size_t layer, std::size_t position, std::span<const float> rows);

 private:
  using Slots = ArrayWriter::Slots;
  /// A buffer of at least `bytes`, borrowed for one call.
  class Buffer;

  void WriteRows(const AttentionRows& rows, const float* values, float masked, const Slots& slots);
  void KeepRows(const AttentionRows& rows);
  /// Queries or keys of a trace.
  struct TracePart {
    const float* values;  ///< [count, heads_in_row, dim]
    std::size_t begin;    ///< Position of the first one.
    std::size_t count;
    std::size_t heads_in_row;
  };
  void WriteTraceHeads(const TracePart& part, std::size_t dim,
                       const std::vector<std::size_t>& heads, const Slots& slots,
                       std::vector<float>* kept);

  DumpShape shape_;
  AttentionSelection selection_;
  ArrayWriter* writer_;
  Slots attention_, scores_, logits_, embeddings_, hidden_;
  std::vector<Slots> query_, key_, log_sum_exp_;  // per selected layer
  MapSet* maps_;
  std::vector<KeptTrace>* traces_;
  HeadIndex index_;
  std::vector<std::size_t> all_kv_heads_;

  std::mutex mutex_;  // guards what follows
  std::vector<std::vector<std::byte>> free_buffers_;
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_STREAMING_DUMP_H_
