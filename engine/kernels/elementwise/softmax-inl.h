// Exponential and softcap on vectors, for the attention tile and for sums over logits. Compiled
// once per target.
#if defined(FOVEA_KERNELS_SOFTMAX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_SOFTMAX_INL_H_
#undef FOVEA_KERNELS_SOFTMAX_INL_H_
#else
#define FOVEA_KERNELS_SOFTMAX_INL_H_
#endif

#include <cstdint>

#include "engine/kernels/simd/simd-inl.h"
#include "hwy/contrib/math/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

/// exp(x) for x <= 0, within 2 ulp: 2^n · exp(r) with |r| <= ln2 / 2. Exactly 1 at 0, and 0 below
/// the smallest normal number, -inf included. NaN stays NaN.
HWY_INLINE F32 ExpNonPositive(F32 x) {
  const F32Tag d;
  // Adding 1.5 · 2^23 rounds to an integer and leaves it in the low bits.
  const F32 magic = hn::Set(d, 12582912.0F);
  const F32 shifted = hn::MulAdd(x, hn::Set(d, 1.44269504F), magic);
  const F32 n = hn::Sub(shifted, magic);
  const F32 high = hn::NegMulAdd(n, hn::Set(d, 0.693147182F), x);
  const F32 r = hn::NegMulAdd(n, hn::Set(d, -1.90465430e-9F), high);  // ln 2 in two splits.
  // exp(r) = 1 + r + r² p(r); p fitted by weighted least squares for the smallest largest relative
  // error, 3.1e-9 before rounding.
  F32 p = hn::Set(d, 0.0013814597623422742F);
  p = hn::MulAdd(p, r, hn::Set(d, 0.0083687175065279F));
  p = hn::MulAdd(p, r, hn::Set(d, 0.04166838899254799F));
  p = hn::MulAdd(p, r, hn::Set(d, 0.1666652113199234F));
  p = hn::MulAdd(p, r, hn::Set(d, 0.4999999403953552F));
  const F32 mantissa = hn::MulAdd(hn::Mul(r, r), p, hn::Add(r, hn::Set(d, 1.0F)));
  const F32 smallest = hn::Set(d, -87.3F);
#if HWY_TARGET == HWY_AVX3
  // One instruction scales by 2^n; "not less than" lets NaN pass.
  const __mmask16 normal = _mm512_cmp_ps_mask(x.raw, smallest.raw, _CMP_NLT_UQ);
  return F32{_mm512_maskz_scalef_ps(normal, mantissa.raw, n.raw)};
#else
  const hn::RebindToUnsigned<F32Tag> bits;
  const F32 power = hn::BitCast(d, hn::Add(hn::ShiftLeft<23>(hn::BitCast(bits, shifted)),
                                           hn::Set(bits, std::uint32_t{0x3F800000})));
  return hn::IfThenZeroElse(hn::Lt(x, smallest), hn::Mul(mantissa, power));
#endif
}

/// cap · tanh(x / cap). NaN stays NaN.
HWY_INLINE F32 SoftcapOf(F32 x, F32 cap) {
  const F32Tag d;
  const F32 ratio = hn::Div(x, cap);
  // tanh is 1 to the last bit long before this bound, which keeps infinities out of its integer
  // steps.
  const F32 far = hn::Set(d, 40.0F);
  const F32 inside = hn::Clamp(ratio, hn::Neg(far), far);
  // Clamp loses NaN on some targets.
  return hn::Mul(cap, hn::Tanh(d, hn::IfThenElse(hn::Eq(ratio, ratio), inside, ratio)));
}

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
