// Reading F16 and BF16 weights as vectors of floats, for kernel files only. A row of a file may lie
// at any address. Compiled once per target.
#if defined(FOVEA_KERNELS_HALVES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_HALVES_INL_H_
#undef FOVEA_KERNELS_HALVES_INL_H_
#else
#define FOVEA_KERNELS_HALVES_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine/kernels/simd/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

struct WidenF16 {
  /// kLanes values at `from`.
  static HWY_INLINE F32 Load(const std::uint8_t* from) {
    const hn::Rebind<hwy::float16_t, F32Tag> halves;
    const hn::Repartition<std::uint8_t, decltype(halves)> bytes;
    return hn::PromoteTo(F32Tag(), hn::BitCast(halves, hn::LoadU(bytes, from)));
  }
};

struct WidenBF16 {
  static HWY_INLINE F32 Load(const std::uint8_t* from) {
    const hn::Rebind<std::uint16_t, F32Tag> shorts;
    const hn::Repartition<std::uint8_t, decltype(shorts)> bytes;
    const hn::Rebind<std::uint32_t, F32Tag> words;
    const auto bits = hn::PromoteTo(words, hn::BitCast(shorts, hn::LoadU(bytes, from)));
    return hn::BitCast(F32Tag(), hn::ShiftLeft<16>(bits));
  }
};

/// The first `count` < kLanes values and zeros; touches no memory beyond them.
template <typename Widen>
HWY_INLINE F32 LoadFirstHalves(const std::uint8_t* from, std::size_t count) {
  std::uint8_t bytes[2 * kLanes] = {};
  std::memcpy(bytes, from, 2 * count);
  return Widen::Load(bytes);
}

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
