// An observer that keeps the rows of one call, and the kernels to try, for tests of tiled
// attention.
#ifndef FOVEA_TESTS_ATTENTION_ROW_COLLECTOR_H_
#define FOVEA_TESTS_ATTENTION_ROW_COLLECTOR_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "tests/attention/attention_problem.h"
#include "tests/kernels/isas_to_test.h"

namespace fovea::attention {

/// Keeps every row it is given, and checks the order.
class Collector : public AttentionObserver {
 public:
  Collector(const Problem& problem, AttentionSelection selection)
      : n_(problem.positions()),
        tokens_(problem.shape().tokens),
        first_(problem.shape().first_query),
        selection_(std::move(selection)),
        weights(problem.shape().heads * tokens_ * n_, -1.0F),
        scores(weights.size(), -1.0F),
        lse(problem.shape().heads * tokens_, -1.0F),
        next_(problem.shape().heads, first_) {}

  const AttentionSelection& selection() const override { return selection_; }

  void OnRows(const AttentionRows& rows) override {
    ASSERT_EQ(rows.query_begin, next_[rows.head]) << "rows must come in ascending order";
    next_[rows.head] += rows.query_count;
    ASSERT_LE(rows.key_count, n_);
    ASSERT_GE(rows.stride, rows.key_count);
    for (std::size_t r = 0; r < rows.query_count; ++r) {
      const std::size_t row = rows.head * tokens_ + rows.query_begin - first_ + r;
      std::fill_n(&weights[row * n_], n_, 0.0F);
      std::fill_n(&scores[row * n_], n_, -std::numeric_limits<float>::infinity());
      std::copy_n(rows.weights + r * rows.stride, rows.key_count, &weights[row * n_]);
      if (rows.scores != nullptr) {
        std::copy_n(rows.scores + r * rows.stride, rows.key_count, &scores[row * n_]);
      }
      lse[row] = rows.log_sum_exp[r];
    }
  }

 private:
  std::size_t n_, tokens_, first_;
  AttentionSelection selection_;

 public:
  std::vector<float> weights, scores, lse;

 private:
  std::vector<std::size_t> next_;
};

/// Of every instruction set to test.
inline std::vector<const kernels::KernelTable*> Tables() {
  std::vector<const kernels::KernelTable*> tables;
  for (const Isa isa : IsasToTest()) tables.push_back(kernels::KernelsFor(isa));
  return tables;
}

}  // namespace fovea::attention

#endif  // FOVEA_TESTS_ATTENTION_ROW_COLLECTOR_H_
