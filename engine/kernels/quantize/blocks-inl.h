// Reading quantized blocks with vectors, for the dequantizing kernels: small integers from any
// address to lanes, half scales to all lanes. Multiplications and additions stay apart (no fused
// operation), because the results must equal tensor/dequantize.h bit by bit. Compiled once per
// target.
#if defined(FOVEA_KERNELS_BLOCKS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_BLOCKS_INL_H_
#undef FOVEA_KERNELS_BLOCKS_INL_H_
#else
#define FOVEA_KERNELS_BLOCKS_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "engine/kernels/simd/simd-inl.h"
#include "engine/tensor/blocks.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

using I32Tag = hn::Rebind<std::int32_t, F32Tag>;
using I32 = hn::Vec<I32Tag>;

/// kLanes unsigned bytes as integers.
HWY_INLINE I32 LoadBytes(const std::uint8_t* from) {
  return hn::PromoteTo(I32Tag(), hn::LoadU(hn::Rebind<std::uint8_t, F32Tag>(), from));
}

/// kLanes signed bytes as integers.
HWY_INLINE I32 LoadSignedBytes(const std::int8_t* from) {
  return hn::PromoteTo(I32Tag(), hn::LoadU(hn::Rebind<std::int8_t, F32Tag>(), from));
}

/// The half float stored at `from` in every lane.
HWY_INLINE F32 LoadHalfScale(const void* from) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, from, sizeof(bits));
  const hn::Rebind<std::uint16_t, F32Tag> bits_tag;
  const hn::Rebind<hwy::float16_t, F32Tag> half_tag;
  return hn::PromoteTo(F32Tag(), hn::BitCast(half_tag, hn::Set(bits_tag, bits)));
}

HWY_INLINE I32 LowNibble(I32 v) {
  return hn::And(v, hn::Set(I32Tag(), 15));
}
HWY_INLINE I32 HighNibble(I32 v) {
  return hn::ShiftRight<4>(v);
}

HWY_INLINE F32 ToFloat(I32 v) {
  return hn::ConvertTo(F32Tag(), v);
}

/// out[0 … kLanes) = q · scale + minimum
HWY_INLINE void StoreScaled(I32 quants, F32 scale, F32 minimum, float* out) {
  hn::StoreU(hn::Add(hn::Mul(ToFloat(quants), scale), minimum), F32Tag(), out);
}

/// out[0 … kLanes) = q · scale
HWY_INLINE void StoreScaled(I32 quants, F32 scale, float* out) {
  hn::StoreU(hn::Mul(ToFloat(quants), scale), F32Tag(), out);
}

/// 32 levels of IQ4_NL: of the low nibbles of 16 bytes, then of the high ones.
HWY_INLINE void LookUpLevels(const std::uint8_t* nibbles, std::int8_t* quants) {
  const hn::FixedTag<std::uint8_t, 16> d;
  const hn::RebindToSigned<decltype(d)> d_signed;
  const auto levels = hn::BitCast(d, hn::LoadU(d_signed, &kIQ4NLValues[0]));
  const auto bytes = hn::LoadU(d, nibbles);
  const auto low = hn::And(bytes, hn::Set(d, std::uint8_t{15}));
  // Bytes have no shift of their own on x86: shift pairs of them and drop what crossed over.
  const hn::Repartition<std::uint16_t, decltype(d)> wide;
  const auto high = hn::And(hn::BitCast(d, hn::ShiftRight<4>(hn::BitCast(wide, bytes))),
                            hn::Set(d, std::uint8_t{15}));
  hn::StoreU(hn::BitCast(d_signed, hn::TableLookupBytes(levels, low)), d_signed, quants);
  hn::StoreU(hn::BitCast(d_signed, hn::TableLookupBytes(levels, high)), d_signed, quants + 16);
}

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
