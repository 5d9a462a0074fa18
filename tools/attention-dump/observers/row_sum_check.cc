#include "tools/attention-dump/observers/row_sum_check.h"

#include <cmath>

namespace fovea::dump {

double SumOf(const float* values, std::size_t count) {
  constexpr std::size_t kLanes = 8;
  double partial[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      partial[lane] += static_cast<double>(values[i + lane]);
    }
  }
  double sum = 0.0;
  for (; i < count; ++i) sum += static_cast<double>(values[i]);
  for (const double lane : partial) sum += lane;
  return sum;
}

void RowSumCheck::OnRows(const AttentionRows& rows) {
  double worst = 0.0;
  for (std::size_t r = 0; r < rows.query_count; ++r) {
    // A row that attends to no key has nothing to sum to 1.
    if (rows.log_sum_exp != nullptr && std::isinf(rows.log_sum_exp[r])) continue;
    const double error = std::abs(SumOf(rows.weights + r * rows.stride, rows.key_count) - 1.0);
    if (!(error <= worst)) worst = error;  // keeps a NaN
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  seen_ = true;
  if (!(worst <= error_)) error_ = worst;
}

}  // namespace fovea::dump
