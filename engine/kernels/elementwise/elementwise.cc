#include "engine/kernels/dispatch/kernel_functions.h"

#include "engine/kernels/dispatch/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/elementwise/elementwise.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "engine/kernels/simd/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

void Add(const float* a, const float* b, std::size_t n, float* out) {
  Map([](F32 x, F32 y) HWY_ATTR { return hn::Add(x, y); }, n, out, a, b);
}

void Scale(float factor, std::size_t n, float* x) {
  const F32 factors = hn::Set(F32Tag(), factor);
  Map([factors](F32 v) HWY_ATTR { return hn::Mul(v, factors); }, n, x, x);
}

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
