#include "engine/kernels/dispatch/kernel_functions.h"

#include "engine/kernels/dispatch/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/elementwise/norms.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include <cmath>

#include "engine/kernels/simd/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

namespace {

/// Σ (x[i] - mean)²
float SumOfSquares(const float* x, float mean, std::size_t n) {
  const F32Tag d;
  const F32 means = hn::Set(d, mean);
  F32 sum0 = hn::Zero(d);
  F32 sum1 = sum0;
  std::size_t i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    const F32 v0 = hn::Sub(hn::LoadU(d, x + i), means);
    const F32 v1 = hn::Sub(hn::LoadU(d, x + i + kLanes), means);
    sum0 = hn::MulAdd(v0, v0, sum0);
    sum1 = hn::MulAdd(v1, v1, sum1);
  }
  for (; i < n; i += kLanes) {
    // The lanes beyond the end hold -mean after the subtraction: they must not count.
    const std::size_t count = n - i < kLanes ? n - i : kLanes;
    const F32 raw = count == kLanes ? hn::LoadU(d, x + i) : LoadFirst(d, x + i, count);
    const F32 v = hn::IfThenElseZero(hn::FirstN(d, count), hn::Sub(raw, means));
    sum0 = hn::MulAdd(v, v, sum0);
  }
  return SumLanes(hn::Add(sum0, sum1));
}

float Sum(const float* x, std::size_t n) {
  const F32Tag d;
  F32 sum0 = hn::Zero(d);
  F32 sum1 = sum0;
  std::size_t i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    sum0 = hn::Add(sum0, hn::LoadU(d, x + i));
    sum1 = hn::Add(sum1, hn::LoadU(d, x + i + kLanes));
  }
  for (; i + kLanes <= n; i += kLanes) sum0 = hn::Add(sum0, hn::LoadU(d, x + i));
  if (i < n) sum1 = hn::Add(sum1, LoadFirst(d, x + i, n - i));
  return SumLanes(hn::Add(sum0, sum1));
}

}  // namespace

void RmsNorm(const float* x, const float* weight, float eps, std::size_t n, float* out) {
  if (n == 0) return;
  const float mean_square = SumOfSquares(x, 0.0F, n) / static_cast<float>(n);
  const F32 factor = hn::Set(F32Tag(), 1.0F / std::sqrt(mean_square + eps));
  Map([factor](F32 v, F32 w) HWY_ATTR { return hn::Mul(hn::Mul(v, factor), w); }, n, out, x,
      weight);
}

void LayerNorm(const float* x, const float* weight, const float* bias, float eps, std::size_t n,
               float* out) {
  if (n == 0) return;
  const F32Tag d;
  const float mean = Sum(x, n) / static_cast<float>(n);
  const float variance = SumOfSquares(x, mean, n) / static_cast<float>(n);
  const F32 means = hn::Set(d, mean);
  const F32 factor = hn::Set(d, 1.0F / std::sqrt(variance + eps));
  Map([means, factor](F32 v) HWY_ATTR { return hn::Mul(hn::Sub(v, means), factor); }, n, out, x);
  if (weight != nullptr) {
    Map([](F32 v, F32 w) HWY_ATTR { return hn::Mul(v, w); }, n, out, out, weight);
  }
  if (bias != nullptr) Map([](F32 v, F32 b) HWY_ATTR { return hn::Add(v, b); }, n, out, out, bias);
}

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
