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

/// x · Φ(x) with the normal distribution Φ. For a = |x|: Φ(-a) = exp(-a²/2) · t · (½ + (1-t) ·
/// q(t)) with t = 1 / (1 + 0.3·a). This is the form of Hastings 1955 for erfc (Abramowitz &
/// Stegun 7.1.26, within 1.5e-7 of it), but exact at 0 and with q fitted by weighted least squares
/// for the smallest largest relative error: 3.9e-9 before rounding, on the whole tail.
HWY_INLINE F32 GeluErfOf(F32 x) {
  const F32Tag d;
  const F32 one = hn::Set(d, 1.0F);
  // Beyond this Φ is 0 or 1; the bound keeps infinite arguments out of exp.
  const F32 a = hn::Min(hn::Abs(x), hn::Set(d, 40.0F));
  const F32 slope = hn::Set(d, 0.3F);
  const F32 t = hn::Div(one, hn::MulAdd(slope, a, one));
  F32 q = hn::Set(d, 0.020473500713706017F);
  q = hn::MulAdd(q, t, hn::Set(d, -0.09118825197219849F));
  q = hn::MulAdd(q, t, hn::Set(d, 0.13530035316944122F));
  q = hn::MulAdd(q, t, hn::Set(d, -0.0543087013065815F));
  q = hn::MulAdd(q, t, hn::Set(d, 0.02340777777135372F));
  q = hn::MulAdd(q, t, hn::Set(d, -0.0718865767121315F));
  q = hn::MulAdd(q, t, hn::Set(d, -0.1505562961101532F));
  q = hn::MulAdd(q, t, hn::Set(d, -0.2607354521751404F));
  q = hn::MulAdd(q, t, hn::Set(d, -0.38031360507011414F));
  // 1 - t without cancellation.
  const F32 rest = hn::Mul(hn::Mul(slope, a), t);
  const F32 decay = hn::Exp(d, hn::Mul(hn::Mul(a, a), hn::Set(d, -0.5F)));
  const F32 tail = hn::Mul(hn::Mul(t, hn::MulAdd(rest, q, hn::Set(d, 0.5F))), decay);
  return hn::Mul(x, hn::IfThenElse(hn::Lt(x, hn::Zero(d)), tail, hn::Sub(one, tail)));
}

/// max(x, 0); NaN stays NaN.
HWY_INLINE F32 ReluOf(F32 x) {
  return hn::IfThenZeroElse(hn::Lt(x, hn::Zero(F32Tag())), x);
}

}  // namespace

void Silu(const float* x, std::size_t n, float* out) {
  Map([](F32 v) HWY_ATTR { return SiluOf(v); }, n, out, x);
}

void Gelu(const float* x, std::size_t n, float* out) {
  Map([](F32 v) HWY_ATTR { return GeluOf(v); }, n, out, x);
}

void GeluErf(const float* x, std::size_t n, float* out) {
  Map([](F32 v) HWY_ATTR { return GeluErfOf(v); }, n, out, x);
}

void Relu(const float* x, std::size_t n, float* out) {
  Map([](F32 v) HWY_ATTR { return ReluOf(v); }, n, out, x);
}

void SiluMul(const float* gate, const float* up, std::size_t n, float* out) {
  Map([](F32 g, F32 u) HWY_ATTR { return hn::Mul(SiluOf(g), u); }, n, out, gate, up);
}

void GeluMul(const float* gate, const float* up, std::size_t n, float* out) {
  Map([](F32 g, F32 u) HWY_ATTR { return hn::Mul(GeluOf(g), u); }, n, out, gate, up);
}

void GeluErfMul(const float* gate, const float* up, std::size_t n, float* out) {
  Map([](F32 g, F32 u) HWY_ATTR { return hn::Mul(GeluErfOf(g), u); }, n, out, gate, up);
}

void ReluMul(const float* gate, const float* up, std::size_t n, float* out) {
  Map([](F32 g, F32 u) HWY_ATTR { return hn::Mul(ReluOf(g), u); }, n, out, gate, up);
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
