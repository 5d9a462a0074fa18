#include "engine/kernels/dispatch/kernel_functions.h"

#include "engine/kernels/dispatch/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/elementwise/activations.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "engine/kernels/simd/simd-inl.h"
#include "hwy/contrib/math/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

namespace {

/// z · sigmoid(u). Only exp of a negative argument is taken, so nothing overflows, and the relative
/// accuracy holds where the sigmoid is tiny.
HWY_INLINE F32 TimesSigmoid(F32 z, F32 u) {
  const F32Tag d;
  const F32 one = hn::Set(d, 1.0F);
  // Below this exp is 0 in any case; the bound keeps infinite arguments out of its integer steps.
  const F32 lowest = hn::Set(d, -1000.0F);
  const F32 decay = hn::Exp(d, hn::Max(hn::Neg(hn::Abs(u)), lowest));
  const F32 numerator = hn::IfThenElse(hn::Lt(u, hn::Zero(d)), decay, one);
  return hn::Div(hn::Mul(z, numerator), hn::Add(one, decay));
}

HWY_INLINE F32 SiluOf(F32 x) {
  return TimesSigmoid(x, x);
}

/// x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³))), by 1 + tanh(v) = 2·sigmoid(2v): no cancellation.
HWY_INLINE F32 GeluOf(F32 x) {
  const F32Tag d;
  const F32 cubic = hn::Set(d, 0.044715F);
  const F32 twice_root = hn::Set(d, 1.5957691216057308F);  // 2·√(2/π)
  const F32 inner = hn::MulAdd(hn::Mul(cubic, hn::Mul(x, x)), x, x);
  return TimesSigmoid(x, hn::Mul(twice_root, inner));
}

}  // namespace

void Silu(const float* x, std::size_t n, float* out) {
  Map([](F32 v) HWY_ATTR { return SiluOf(v); }, n, out, x);
}

void Gelu(const float* x, std::size_t n, float* out) {
  Map([](F32 v) HWY_ATTR { return GeluOf(v); }, n, out, x);
}

void SiluMul(const float* gate, const float* up, std::size_t n, float* out) {
  Map([](F32 g, F32 u) HWY_ATTR { return hn::Mul(SiluOf(g), u); }, n, out, gate, up);
}

void GeluMul(const float* gate, const float* up, std::size_t n, float* out) {
  Map([](F32 g, F32 u) HWY_ATTR { return hn::Mul(GeluOf(g), u); }, n, out, gate, up);
}

void Softcap(float cap, std::size_t n, float* x) {
  const F32Tag d;
  const F32 caps = hn::Set(d, cap);
  // tanh is 1 to the last bit long before this bound, which keeps infinities out of exp.
  const F32 far = hn::Set(d, 40.0F);
  const auto capped = [d, caps, far](F32 v) HWY_ATTR {
    const F32 ratio = hn::Div(v, caps);
    const F32 inside = hn::Clamp(ratio, hn::Neg(far), far);
    // Clamp loses NaN on some targets.
    const F32 argument = hn::IfThenElse(hn::Eq(ratio, ratio), inside, ratio);
    return hn::Mul(caps, hn::Tanh(d, argument));
  };
  Map(capped, n, x, x);
}

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
