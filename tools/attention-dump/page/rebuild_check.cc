#include "tools/attention-dump/page/rebuild_check.h"

#include <algorithm>
#include <cmath>

namespace fovea::dump {
namespace {

/// Largest difference between the weights of the first of these rows and what a page rebuilds.
double ErrorOfFirstRow(const HeadTrace& trace, const AttentionRows& rows) {
  const Mask mask{.kind = rows.mask, .window = rows.window, .first_query = rows.query_begin};
  const Mask::Range keys = mask.KeyRange(0, rows.key_count);
  const float* query = trace.query.data() + rows.query_begin * trace.dim;
  double largest = 0.0;
  for (std::size_t key = keys.begin; key < keys.end; ++key) {
    const float* other = trace.key.data() + key * trace.dim;
    double score = 0.0;
    for (std::size_t c = 0; c < trace.dim; ++c) {
      score += static_cast<double>(query[c]) * static_cast<double>(other[c]);
    }
    score *= static_cast<double>(trace.scale);
    const auto cap = static_cast<double>(trace.softcap);
    if (cap > 0.0) score = cap * std::tanh(score / cap);
    const double weight = std::exp(score - static_cast<double>(rows.log_sum_exp[0]));
    largest = std::max(largest, std::abs(weight - static_cast<double>(rows.weights[key])));
  }
  return largest;
}

float LargestDifference(const AttentionRows& a, const AttentionRows& b) {
  float largest = 0.0F;
  for (std::size_t r = 0; r < a.query_count; ++r) {
    const float* left = a.weights + r * a.stride;
    const float* right = b.weights + r * b.stride;
    for (std::size_t key = 0; key < a.key_count; ++key) {
      const float difference = std::abs(left[key] - right[key]);
      largest = difference > largest ? difference : largest;
    }
  }
  return largest;
}

}  // namespace

Status CheckRebuiltRows(const HeadTrace& computed, const HeadTrace* stored, std::size_t begin,
                        std::size_t end, float* normalisers, double* max_error) {
  const auto check = [&](const AttentionRows& rebuilt) {
    std::copy_n(rebuilt.log_sum_exp, rebuilt.query_count, normalisers + rebuilt.query_begin);
    if (stored == nullptr) {
      *max_error = std::max(*max_error, ErrorOfFirstRow(computed, rebuilt));
      return Status::Ok();
    }
    const std::size_t first = rebuilt.query_begin;
    return RebuildRows(computed, first, first + rebuilt.query_count,
                       [&](const AttentionRows& rows) {
                         const auto error = static_cast<double>(LargestDifference(rows, rebuilt));
                         *max_error = std::max(*max_error, error);
                         return Status::Ok();
                       });
  };
  return RebuildRows(stored == nullptr ? computed : *stored, begin, end, check);
}

}  // namespace fovea::dump
