// How the rows of a product are cut into tasks: evenly for cores of one kind; large ones first and
// small ones last where cores differ, so that threads on fast and slow ones end together.
#ifndef FOVEA_MATMUL_ROW_TASKS_H_
#define FOVEA_MATMUL_ROW_TASKS_H_

#include <cstddef>

#include "engine/tensor/matrix_view.h"

namespace fovea::matmul {

/// Threads take tasks in order, whenever they are free. On equal cores each task is a quarter of a
/// worker's even share: small tasks at the end could give one worker a task more than another
/// (measured: 4 % of prefill, 6 % of decoding by two threads). On unequal cores half of the rows
/// are in tasks of that size, half of the rest in tasks of an eighth, and so on down to the
/// smallest size that is worth handing to a thread. The threads then finish within one small task
/// of each other, even if one core is four times as slow as the others.
class RowTasks {
 public:
  RowTasks(const MatrixView& weight, std::size_t workers, bool unequal_cores);

  std::size_t count() const { return count_; }

  struct Range {
    std::size_t begin = 0;
    std::size_t rows = 0;
  };
  /// Of task < count(). The ranges follow one another and cover all rows; all but the last are a
  /// multiple of whole register tiles and whole pairs of panels.
  Range At(std::size_t task) const;

 private:
  /// Calls visit(first task, first row, rows of a task, tasks) for each size, until it returns
  /// true.
  template <typename Visit>
  void ForEachSize(const Visit& visit) const;

  std::size_t rows_;
  std::size_t least_;    ///< Rows of the smallest tasks.
  std::size_t largest_;  ///< Rows of the first tasks.
  std::size_t of_a_size_;
  std::size_t count_ = 0;
};

}  // namespace fovea::matmul

#endif  // FOVEA_MATMUL_ROW_TASKS_H_
