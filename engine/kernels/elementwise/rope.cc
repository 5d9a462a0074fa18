#include "engine/kernels/dispatch/kernel_functions.h"

#include "engine/kernels/dispatch/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/elementwise/rope.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "engine/kernels/simd/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

namespace {

/// Both coordinates of kLanes pairs, rotated.
HWY_INLINE void Rotate(F32 cosine, F32 sine, F32& first, F32& second) {
  const F32 old_first = first;
  first = hn::MulSub(first, cosine, hn::Mul(second, sine));
  second = hn::MulAdd(second, cosine, hn::Mul(old_first, sine));
}

void RotateInterleaved(float* x, const float* cosine, const float* sine) {
  const F32Tag d;
  F32 first;
  F32 second;
  hn::LoadInterleaved2(d, x, first, second);
  Rotate(hn::LoadU(d, cosine), hn::LoadU(d, sine), first, second);
  hn::StoreInterleaved2(first, second, d, x);
}

}  // namespace

void Rope(float* x, const float* cosine, const float* sine, std::size_t pairs, RopeLayout layout) {
  const F32Tag d;
  std::size_t i = 0;
  if (layout == RopeLayout::kHalves) {
    float* second_half = x + pairs;
    for (; i + kLanes <= pairs; i += kLanes) {
      F32 first = hn::LoadU(d, x + i);
      F32 second = hn::LoadU(d, second_half + i);
      Rotate(hn::LoadU(d, cosine + i), hn::LoadU(d, sine + i), first, second);
      hn::StoreU(first, d, x + i);
      hn::StoreU(second, d, second_half + i);
    }
    if (i == pairs) return;
    const std::size_t rest = pairs - i;
    F32 first = LoadFirst(d, x + i, rest);
    F32 second = LoadFirst(d, second_half + i, rest);
    Rotate(LoadFirst(d, cosine + i, rest), LoadFirst(d, sine + i, rest), first, second);
    StoreFirst(d, first, rest, x + i);
    StoreFirst(d, second, rest, second_half + i);
    return;
  }
  for (; i + kLanes <= pairs; i += kLanes) RotateInterleaved(x + 2 * i, cosine + i, sine + i);
  if (i == pairs) return;
  const std::size_t rest = pairs - i;
  float padded[2 * kLanes] = {};
  float padded_cosine[kLanes] = {};
  float padded_sine[kLanes] = {};
  std::memcpy(padded, x + 2 * i, 2 * rest * sizeof(float));
  std::memcpy(padded_cosine, cosine + i, rest * sizeof(float));
  std::memcpy(padded_sine, sine + i, rest * sizeof(float));
  RotateInterleaved(padded, padded_cosine, padded_sine);
  std::memcpy(x + 2 * i, padded, 2 * rest * sizeof(float));
}

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
