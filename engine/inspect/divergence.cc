#include "fovea/divergence.h"

#include <cmath>

#include "engine/kernels/dispatch/kernel_table.h"
#include "engine/text/vocabulary_math.h"
#include "fovea/sampler.h"

namespace fovea {
namespace {

/// (1 - r) ln(1 - r) + (1 + r) ln(1 + r) for |r| <= 1: even, 0 at 0.
double EntropyGap(double r) {
  const double square = r * r;
  // Near 0 by the series Σ r^2k / (k (2k - 1)), cut where the rest is below 1e-13 of it.
  if (square < 0.01) {
    double sum = 1.0 / 66;
    for (const double factor : {1.0 / 45, 1.0 / 28, 1.0 / 15, 1.0 / 6, 1.0}) {
      sum = sum * square + factor;
    }
    return square * sum;
  }
  const auto times_log = [](double x) { return x > 0.0 ? x * std::log(x) : x; };
  return times_log(1.0 - r) + times_log(1.0 + r);
}

}  // namespace

double JensenShannon(const float* p, const float* q, std::size_t n) {
  // With m = (p + q) / 2 and r = (q - p) / (p + q): p ln(p/m) + q ln(q/m) = m EntropyGap(r).
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    const double total = static_cast<double>(p[i]) + static_cast<double>(q[i]);
    if (total == 0.0) continue;
    const double difference = static_cast<double>(q[i]) - static_cast<double>(p[i]);
    sum += total * EntropyGap(difference / total);
  }
  return sum / 4;
}

bool SameLargest(const float* p, const float* q, std::size_t n) {
  return ArgMax({p, n}) == ArgMax({q, n});
}

double LogSumExp(std::span<const float> logits, Kernels kernels) {
  return LogSumExp(logits, text::MaxValue(logits), kernels);
}

double LogSumExp(std::span<const float> logits, float largest, Kernels kernels) {
  return std::log(kernels.table().sum_exp(logits.data(), largest, logits.size())) +
         static_cast<double>(largest);
}

double NegativeLogLikelihood(std::span<const float> logits, std::int32_t id, Kernels kernels) {
  return LogSumExp(logits, kernels) - static_cast<double>(logits[static_cast<std::size_t>(id)]);
}

double KullbackLeibler(std::span<const float> p_logits, std::span<const float> q_logits,
                       Kernels kernels) {
  return KullbackLeibler(p_logits, LogSumExp(p_logits, kernels), q_logits,
                         LogSumExp(q_logits, kernels), kernels);
}

double KullbackLeibler(std::span<const float> p_logits, double p_log_sum_exp,
                       std::span<const float> q_logits, double q_log_sum_exp, Kernels kernels) {
  // Σ P ((p - q) + gap); what rounding the gap to float leaves is added afterwards.
  const double gap = q_log_sum_exp - p_log_sum_exp;
  const auto rounded = static_cast<float>(gap);
  const kernels::DivergenceTerms terms =
      kernels.table().divergence_sums(p_logits.data(), static_cast<float>(p_log_sum_exp),
                                      q_logits.data(), rounded, p_logits.size());
  const double sum = terms.log_ratio + (gap - static_cast<double>(rounded)) * terms.mass;
  return sum < 0.0 ? 0.0 : sum;  // NaN stays NaN.
}

}  // namespace fovea
