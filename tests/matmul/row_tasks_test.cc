#include "engine/matmul/row_tasks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace fovea::matmul {
namespace {

MatrixView Rows(std::size_t rows, std::size_t row_bytes) {
  return {.rows = rows, .cols = 1, .row_bytes = row_bytes};
}

class EveryRowTasks : public ::testing::TestWithParam<bool> {};

TEST_P(EveryRowTasks, CoverAllRowsOnceInOrderFromLargeToSmall) {
  const bool unequal = GetParam();
  for (const std::size_t workers : {2U, 3U, 4U, 8U, 64U}) {
    for (const std::size_t rows : {1U, 31U, 32U, 33U, 192U, 576U, 1536U, 49152U}) {
      for (const std::size_t row_bytes : {1U, 324U, 1632U, 100'000U}) {
        const RowTasks tasks(Rows(rows, row_bytes), workers, unequal);
        std::size_t next = 0;
        std::size_t previous = rows + 32;
        ASSERT_GT(tasks.count(), 0U);
        for (std::size_t i = 0; i < tasks.count(); ++i) {
          const RowTasks::Range range = tasks.At(i);
          ASSERT_EQ(range.begin, next);
          ASSERT_GT(range.rows, 0U);
          ASSERT_LE(range.rows, previous);
          if (i + 1 < tasks.count()) {
            ASSERT_EQ(range.rows % 32, 0U);
          }
          previous = range.rows;
          next += range.rows;
        }
        EXPECT_EQ(next, rows);
      }
    }
  }
}

TEST_P(EveryRowTasks, OfOneWorkerAreOne) {
  const RowTasks tasks(Rows(1000, 324), 1, GetParam());
  EXPECT_EQ(tasks.count(), 1U);
  EXPECT_EQ(tasks.At(0).rows, 1000U);
  EXPECT_EQ(RowTasks(Rows(0, 324), 1, GetParam()).count(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Cores, EveryRowTasks, ::testing::Bool(),
                         [](const auto& param) { return param.param ? "unequal" : "equal"; });

TEST(RowTasks, AreOfOneSizeOnEqualCores) {
  // 576 rows are six tasks of 96 for two workers: three for each.
  const RowTasks tasks(Rows(576, 612), 2, /*unequal_cores=*/false);
  ASSERT_EQ(tasks.count(), 6U);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(tasks.At(i).rows, 96U);
}

TEST(RowTasks, AreNotSmallerThanWorthHandingOver) {
  // 16 KiB of rows of 324 bytes are 51 rows: 64 in whole steps.
  const RowTasks tasks(Rows(1536, 324), 4, /*unequal_cores=*/true);
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < tasks.count(); ++i) sizes.push_back(tasks.At(i).rows);
  // A quarter of an even share is 96; half of that, 48, is less than the least.
  EXPECT_EQ(std::vector<std::size_t>(sizes.begin(), sizes.begin() + 9),
            (std::vector<std::size_t>{96, 96, 96, 96, 96, 96, 96, 96, 64}));
  EXPECT_EQ(sizes.size(), 8U + 12U);
}

/// When the last worker ends if worker w needs slowness[w] for a row and takes the next task as
/// soon as it is free. `rows_of`: what each has done then.
double EndOf(const RowTasks& tasks, const std::vector<double>& slowness,
             std::vector<std::size_t>* rows_of = nullptr) {
  std::vector<double> free_at(slowness.size(), 0.0);
  if (rows_of != nullptr) rows_of->assign(slowness.size(), 0);
  for (std::size_t i = 0; i < tasks.count(); ++i) {
    const auto next = std::min_element(free_at.begin(), free_at.end());
    const auto worker = static_cast<std::size_t>(next - free_at.begin());
    *next += slowness[worker] * static_cast<double>(tasks.At(i).rows);
    if (rows_of != nullptr) (*rows_of)[worker] += tasks.At(i).rows;
  }
  return *std::max_element(free_at.begin(), free_at.end());
}

TEST(RowTasks, DoNotLetSlowCoresHoldUpFastOnes) {
  // Fast cores need 1 a row; slow ones two, three, four times as much.
  const std::vector<std::vector<double>> machines = {
      {1, 1}, {1, 2}, {1, 4}, {1, 1, 2, 2}, {1, 1, 3, 3}, {1, 1, 4, 4}, {1, 1, 2, 2, 2, 2}};
  for (const std::vector<double>& slowness : machines) {
    for (const std::size_t rows : {576U, 1536U, 49152U}) {
      const RowTasks tasks(Rows(rows, 612), slowness.size(), /*unequal_cores=*/true);
      double speed = 0.0;
      for (const double s : slowness) speed += 1.0 / s;
      const double ideal = static_cast<double>(rows) / speed;
      const double slowest = *std::max_element(slowness.begin(), slowness.end());
      const double last_task = static_cast<double>(tasks.At(tasks.count() - 1).rows);
      // No later than everybody busy all the time, and then one small task on the slowest core.
      EXPECT_LE(EndOf(tasks, slowness), 1.06 * ideal + slowest * std::max(last_task, 32.0))
          << slowness.size() << " cores, slowest " << slowest << ", " << rows << " rows";
    }
  }
}

TEST(RowTasks, LetTheFastCoreTakeOverTheWorkOfAStuckOne) {
  const RowTasks tasks(Rows(49152, 612), 2, /*unequal_cores=*/true);
  std::vector<std::size_t> rows_of;
  EndOf(tasks, {1.0, 1e9}, &rows_of);
  // The stuck worker has its first task, an eighth of all rows; the other has done all the rest.
  EXPECT_EQ(rows_of[1], 49152U / 8);
  EXPECT_EQ(rows_of[0], 49152U / 8 * 7);
}

}  // namespace
}  // namespace fovea::matmul
