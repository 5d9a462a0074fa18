// Rows of a running dump on their way into its array files: from several threads at once, and after
// the first failure nothing more is written.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_ARRAYS_ARRAY_WRITER_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_ARRAYS_ARRAY_WRITER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/output/arrays/array_file.h"

namespace fovea::dump {

/// Find belongs to the time before the run; Write and Fail may be called by several threads at once
/// (Write on ranges that do not overlap).
class ArrayWriter {
 public:
  /// Not owned.
  explicit ArrayWriter(std::vector<ArrayFile*> files) : files_(std::move(files)) {}

  /// Where an array lies in each of the files, ArrayFile::npos in those that do not hold it.
  using Slots = std::vector<std::size_t>;
  Slots Find(const std::string& name) const;
  /// True if some file holds the array.
  static bool IsWanted(const Slots& slots);

  /// Writes at a byte offset within the array, into every file that holds it.
  void Write(const Slots& slots, std::uint64_t offset, const void* data, std::size_t bytes);
  /// Notes a failure; only the first one is kept.
  void Fail(std::size_t file, Status status);

  bool failed() const { return failed_.load(std::memory_order_relaxed); }
  /// Of the first failure. Not to be read while the run goes on.
  const Status& status() const { return status_; }
  std::size_t failed_file() const { return failed_file_; }

 private:
  std::vector<ArrayFile*> files_;
  std::mutex mutex_;  // guards the two that follow
  Status status_;
  std::size_t failed_file_ = 0;
  std::atomic<bool> failed_{false};
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_ARRAYS_ARRAY_WRITER_H_
