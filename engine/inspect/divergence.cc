#include "fovea/divergence.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/text/vocabulary_math.h"
#include "fovea/sampler.h"

namespace fovea {
namespace {

/// Elements whose exponentials are kept at once, on the stack.
constexpr std::size_t kBlock = 256;

/// Σ term(i) over a block, in four interleaved sums, so that additions need not wait for each
/// other.
template <typename Term>
double SumOf(std::size_t count, const Term& term) {
  double sums[4] = {};
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) sums[lane] += term(i + lane);
  }
  for (; i < count; ++i) sums[0] += term(i);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/// Σ over blocks of exp(logits[i] - shift) · factor(i); shift is at least the largest logit.
template <typename Factor>
double SumOfExponentials(std::span<const float> logits, float shift, const Factor& factor) {
  std::array<float, kBlock> powers;
  double sum = 0.0;
  for (std::size_t begin = 0; begin < logits.size(); begin += kBlock) {
    const std::size_t count = std::min(kBlock, logits.size() - begin);
    text::SoftmaxWeights(logits.subspan(begin, count), shift, 1.0F, {powers.data(), count});
    sum += SumOf(count,
                 [&](std::size_t i) { return static_cast<double>(powers[i]) * factor(begin + i); });
  }
  return sum;
}

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

double LogSumExp(std::span<const float> logits) {
  const float largest = text::MaxValue(logits);
  return std::log(SumOfExponentials(logits, largest, [](std::size_t) { return 1.0; })) +
         static_cast<double>(largest);
}

double NegativeLogLikelihood(std::span<const float> logits, std::int32_t id) {
  return LogSumExp(logits) - static_cast<double>(logits[static_cast<std::size_t>(id)]);
}

double KullbackLeibler(std::span<const float> p_logits, std::span<const float> q_logits) {
  return KullbackLeibler(p_logits, LogSumExp(p_logits), q_logits, LogSumExp(q_logits));
}

double KullbackLeibler(std::span<const float> p_logits, double p_log_sum_exp,
                       std::span<const float> q_logits, double q_log_sum_exp) {
  const double shift = q_log_sum_exp - p_log_sum_exp;
  const double sum =
      SumOfExponentials(p_logits, static_cast<float>(p_log_sum_exp), [&](std::size_t i) {
        return static_cast<double>(p_logits[i]) - static_cast<double>(q_logits[i]) + shift;
      });
  return sum < 0.0 ? 0.0 : sum;  // NaN stays NaN.
}

}  // namespace fovea
