// Watches that every row of weights sums to 1: the largest error goes into the trust stamp.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_ROW_SUM_CHECK_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_ROW_SUM_CHECK_H_

#include <cstddef>
#include <limits>
#include <mutex>
#include <utility>

#include <fovea/fovea.hpp>

namespace fovea::dump {

/// The sum of `count` values in double, with enough partial sums to use vector units.
double SumOf(const float* values, std::size_t count);

class RowSumCheck final : public AttentionObserver {
 public:
  explicit RowSumCheck(AttentionSelection selection) : selection_(std::move(selection)) {}

  const AttentionSelection& selection() const override { return selection_; }
  bool concurrent() const override { return true; }
  void OnRows(const AttentionRows& rows) override;

  /// Largest |Σ row - 1| so far; NaN if no row was seen.
  double error() const { return seen_ ? error_ : kNotSeen; }

 private:
  static constexpr double kNotSeen = std::numeric_limits<double>::quiet_NaN();

  AttentionSelection selection_;
  std::mutex mutex_;  // guards what follows
  bool seen_ = false;
  double error_ = 0.0;
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_ROW_SUM_CHECK_H_
