#include "engine/matmul/row_tasks.h"

#include <algorithm>

namespace fovea::matmul {
namespace {

/// Rows of a task are a multiple of this: whole register tiles, and whole pairs of panels.
constexpr std::size_t kRowStep = 32;

/// Bytes of weights below which a task is not worth handing to another thread.
constexpr std::size_t kMinTaskBytes = 16 * 1024;

/// Parts of a worker's even share that the first tasks are.
constexpr std::size_t kFirstPart = 4;

constexpr std::size_t RoundedUp(std::size_t rows) {
  return (rows + kRowStep - 1) / kRowStep * kRowStep;
}

}  // namespace

RowTasks::RowTasks(const MatrixView& weight, std::size_t workers, bool unequal_cores)
    : rows_(weight.rows), of_a_size_(workers * kFirstPart / 2) {
  least_ = RoundedUp(
      std::max<std::size_t>(kMinTaskBytes / std::max<std::size_t>(weight.row_bytes, 1), 1));
  largest_ = std::max(RoundedUp(rows_ / (workers * kFirstPart)), least_);
  if (!unequal_cores) least_ = largest_;
  if (workers == 1) least_ = largest_ = std::max<std::size_t>(rows_, 1);
  ForEachSize([this](std::size_t first, std::size_t, std::size_t, std::size_t tasks) {
    count_ = first + tasks;
    return false;
  });
}

template <typename Visit>
void RowTasks::ForEachSize(const Visit& visit) const {
  std::size_t task = 0;
  std::size_t begin = 0;
  for (std::size_t size = largest_; begin < rows_; size = std::max(RoundedUp(size / 2), least_)) {
    const std::size_t needed = (rows_ - begin + size - 1) / size;
    // Tasks of the last size cover the remaining rows.
    const std::size_t tasks = size == least_ ? needed : std::min(needed, of_a_size_);
    if (visit(task, begin, size, tasks)) return;
    task += tasks;
    begin += tasks * size;
  }
}

RowTasks::Range RowTasks::At(std::size_t task) const {
  Range range;
  ForEachSize([&](std::size_t first, std::size_t begin, std::size_t size, std::size_t tasks) {
    if (task >= first + tasks) return false;
    range.begin = begin + (task - first) * size;
    range.rows = std::min(size, rows_ - range.begin);
    return true;
  });
  return range;
}

}  // namespace fovea::matmul
