// Vectors of any width, for kernel files only: loads and stores of fewer lanes than a vector has,
// and the one fixed order in which the lanes of an accumulator are summed. Compiled once per
// target.
#if defined(FOVEA_KERNELS_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_SIMD_INL_H_
#undef FOVEA_KERNELS_SIMD_INL_H_
#else
#define FOVEA_KERNELS_SIMD_INL_H_
#endif

#include <cstddef>
#include <cstring>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

namespace hn = hwy::HWY_NAMESPACE;

using F32Tag = hn::ScalableTag<float>;
using F32 = hn::Vec<F32Tag>;
using F32x4Tag = hn::FixedTag<float, 4>;
using F32x4 = hn::Vec<F32x4Tag>;

inline constexpr std::size_t kLanes = HWY_LANES(float);

/// The first `count` < kLanes values and zeros; touches no memory beyond them.
HWY_INLINE F32 LoadFirst(F32Tag d, const float* from, std::size_t count) {
#if HWY_MEM_OPS_MIGHT_FAULT
  float lanes[kLanes] = {};
  std::memcpy(lanes, from, count * sizeof(float));
  return hn::LoadU(d, lanes);
#else
  return hn::MaskedLoad(hn::FirstN(d, count), d, from);
#endif
}

/// Stores the first `count` < kLanes lanes; touches no memory beyond them.
HWY_INLINE void StoreFirst(F32Tag d, F32 value, std::size_t count, float* to) {
#if HWY_MEM_OPS_MIGHT_FAULT
  float lanes[kLanes];
  hn::StoreU(value, d, lanes);
  std::memcpy(to, lanes, count * sizeof(float));
#else
  hn::BlendedStore(value, hn::FirstN(d, count), d, to);
#endif
}

/// out[i] = function(x[i], ...) for any n. The tail runs through the same vector code, so an
/// element's result does not depend on where in a vector it lies.
template <typename Function>
HWY_INLINE void Map(const Function& function, std::size_t n, float* out, const float* x) {
  const F32Tag d;
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) hn::StoreU(function(hn::LoadU(d, x + i)), d, out + i);
  if (i < n) StoreFirst(d, function(LoadFirst(d, x + i, n - i)), n - i, out + i);
}

template <typename Function>
HWY_INLINE void Map(const Function& function, std::size_t n, float* out, const float* x,
                    const float* y) {
  const F32Tag d;
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    hn::StoreU(function(hn::LoadU(d, x + i), hn::LoadU(d, y + i)), d, out + i);
  }
  if (i < n) {
    const std::size_t rest = n - i;
    const F32 result = function(LoadFirst(d, x + i, rest), LoadFirst(d, y + i, rest));
    StoreFirst(d, result, rest, out + i);
  }
}

/// Folds a vector to four lanes: upper half onto lower half until four are left.
template <class D, class V>
HWY_INLINE F32x4 FoldToFour([[maybe_unused]] D d, V v) {
  if constexpr (hn::MaxLanes(D()) == 4) {
    return v;
  } else {
    const hn::Half<D> half;
    return FoldToFour(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}

/// The sums of the lanes of a, b, c and d. Each is added up in the same order whatever its place:
/// folded to four lanes, then (0 + 2) + (1 + 3).
HWY_INLINE F32x4 SumLanes4(F32 a, F32 b, F32 c, F32 d) {
  const F32Tag tag;
  const F32x4Tag four;
  const F32x4 fold_a = FoldToFour(tag, a);
  const F32x4 fold_b = FoldToFour(tag, b);
  const F32x4 fold_c = FoldToFour(tag, c);
  const F32x4 fold_d = FoldToFour(tag, d);
  // [a0+a2, b0+b2, a1+a3, b1+b3] and the same of c and d.
  const F32x4 ab =
      hn::Add(hn::InterleaveLower(four, fold_a, fold_b), hn::InterleaveUpper(four, fold_a, fold_b));
  const F32x4 cd =
      hn::Add(hn::InterleaveLower(four, fold_c, fold_d), hn::InterleaveUpper(four, fold_c, fold_d));
  return hn::Add(hn::ConcatLowerLower(four, cd, ab), hn::ConcatUpperUpper(four, cd, ab));
}

/// The sum of the lanes of one vector, in the order of SumLanes4.
HWY_INLINE float SumLanes(F32 v) {
  return hn::GetLane(SumLanes4(v, v, v, v));
}

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
