// The observer behind every dump: rows go to open array files at the place where they belong, or
// into a MapSet that is small enough to keep, the moment they are computed. Memory: one tile row
// per thread.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_STREAMING_DUMP_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_STREAMING_DUMP_H_

#include <atomic>
#include <cstddef>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/dump_data.h"
#include "tools/attention-dump/dump_shape.h"
#include "tools/attention-dump/files/array_file.h"

namespace fovea::dump {

/// Queries and keys of one layer, kept to rebuild its maps with another mask.
struct KeptTrace {
  std::size_t layer = 0;
  std::vector<float> query;  ///< [selected heads, planned tokens, head_dim]
  std::vector<float> key;    ///< [kv_heads, planned tokens, head_dim]
  float scale = 1.0F;
  float softcap = 0.0F;
};

class StreamingDump final : public AttentionObserver {
 public:
  /// `files`, `maps` and `traces` are not owned; `maps` and `traces` may be null and are sized
  /// here.
  StreamingDump(DumpShape shape, std::vector<ArrayFile*> files, MapSet* maps,
                std::vector<KeptTrace>* traces);

  const AttentionSelection& selection() const override { return selection_; }
  bool concurrent() const override { return true; }
  void OnRows(const AttentionRows& rows) override;
  void OnTrace(const AttentionTrace& trace) override;
  /// For RunOptions::on_logits.
  void OnLogits(std::size_t position, std::span<const float> logits);

  /// True after a write failed: the run may stop.
  bool failed() const { return failed_.load(std::memory_order_relaxed); }
  const Status& status() const { return status_; }
  /// Which of the files failed.
  std::size_t failed_file() const { return failed_file_; }

  double row_sum_error() const { return row_sum_error_; }

 private:
  struct Slots {
    std::size_t attention, scores, logits;
    std::vector<std::size_t> query, key, log_sum_exp;  // per selected layer
  };
  /// A buffer of at least `bytes`, borrowed for one call.
  class Buffer;

  void Write(std::size_t file, std::size_t slot, std::uint64_t offset, const void* data,
             std::size_t bytes);
  void WriteRows(const AttentionRows& rows, const float* values, float masked,
                 std::size_t Slots::*slot);
  void KeepRows(const AttentionRows& rows);
  void NoteRowSums(const AttentionRows& rows);
  void WriteTraceHeads(const float* values, std::size_t heads_in_row, const AttentionTrace& trace,
                       const std::vector<std::size_t>& heads, std::size_t layer_index,
                       std::vector<std::size_t> Slots::*slot, std::vector<float>* kept);
  void Fail(std::size_t file, Status status);

  DumpShape shape_;
  AttentionSelection selection_;
  std::vector<ArrayFile*> files_;
  std::vector<Slots> slots_;  // per file
  MapSet* maps_;
  std::vector<KeptTrace>* traces_;
  std::vector<std::size_t> layer_index_;  // original number -> index, or npos
  std::vector<std::size_t> head_index_;
  std::vector<std::size_t> all_kv_heads_;

  std::mutex mutex_;  // guards what follows
  std::vector<std::vector<std::byte>> free_buffers_;
  double row_sum_error_ = 0.0;
  Status status_;
  std::size_t failed_file_ = 0;
  std::atomic<bool> failed_{false};
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_STREAMING_DUMP_H_
