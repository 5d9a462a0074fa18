// The integer sums of four rows of a strip on ARM. Quants and activations are signed bytes; a line
// of the strip holds four columns of a row in every 32-bit lane. With dot products (the file
// defines FOVEA_STRIPS_DOTPROD first) each lane is one row's sum; without them products are added
// up in 16 bits as far as those reach, and a row's sum is put together at the end of a block.
// Compiled once per target.
#if defined(FOVEA_KERNELS_STRIP_ARM_PRODUCTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_STRIP_ARM_PRODUCTS_INL_H_
#undef FOVEA_KERNELS_STRIP_ARM_PRODUCTS_INL_H_
#else
#define FOVEA_KERNELS_STRIP_ARM_PRODUCTS_INL_H_
#endif

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine/kernels/strip_operands.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if HWY_TARGET == HWY_NEON

namespace {

#if HWY_ARCH_ARM_A64
HWY_INLINE float32x4_t TimesLane0(float32x4_t a, float32x4_t b) {
  return vmulq_laneq_f32(a, b, 0);
}
/// sum + a · b[1], rounded once.
HWY_INLINE float32x4_t AddTimesLane1(float32x4_t sum, float32x4_t a, float32x4_t b) {
  return vfmaq_laneq_f32(sum, a, b, 1);
}
#else
HWY_INLINE float32x4_t TimesLane0(float32x4_t a, float32x4_t b) {
  return vmulq_lane_f32(a, vget_low_f32(b), 0);
}
HWY_INLINE float32x4_t AddTimesLane1(float32x4_t sum, float32x4_t a, float32x4_t b) {
  return vfmaq_f32(sum, a, vdupq_lane_f32(vget_low_f32(b), 1));
}
#endif

#if defined(FOVEA_STRIPS_DOTPROD)

/// Eight columns of one token.
using EightActivations = int8x8_t;

HWY_INLINE EightActivations LoadEight(const std::int8_t* x) {
  return vld1_s8(x);
}

alignas(16) constexpr std::int32_t kFreshSum[4] = {kMagicBits, kMagicBits, kMagicBits, kMagicBits};

/// kMagicBits in every lane, loaded: load units have time to spare, and a copy of a register would
/// take a turn of the units that multiply.
HWY_INLINE int32x4_t FreshSum() {
  int32x4_t sum;
  asm volatile("ldr %q0, %1" : "=w"(sum) : "Q"(kFreshSum));
  return sum;
}

/// Sums of four rows. `kMost` bounds the size of a quant, `kSteps` the lines that are added.
template <int kMost, int kSteps>
struct RowSums4 {
  int32x4_t sums;

  HWY_INLINE void Clear() { sums = FreshSum(); }

  /// Two lines times eight columns, of several vectors: the second products of a sum come after the
  /// first ones of the others, for CPUs that compute in order.
  template <std::size_t kVectors>
  static HWY_INLINE void Add(RowSums4 (&all)[kVectors], const uint8x16_t (&w)[2][kVectors],
                             EightActivations x) {
    HWY_UNROLL(8)
    for (std::size_t v = 0; v < kVectors; ++v) {
      all[v].sums = vdotq_lane_s32(all[v].sums, vreinterpretq_s8_u8(w[0][v]), x, 0);
    }
    HWY_UNROLL(8)
    for (std::size_t v = 0; v < kVectors; ++v) {
      all[v].sums = vdotq_lane_s32(all[v].sums, vreinterpretq_s8_u8(w[1][v]), x, 1);
    }
  }

  HWY_INLINE float32x4_t ToFloat() const {
    return vsubq_f32(vreinterpretq_f32_s32(sums), vdupq_n_f32(kMagic));
  }

  /// Less the given number: an integer's bits above kMagicBits, in lane 2 of `offset`.
  HWY_INLINE float32x4_t ToFloatLess(int32x4_t offset) const {
    // sums - 1 · offset is exact: both are floats that end in the same bit.
    return vfmsq_laneq_f32(vreinterpretq_f32_s32(sums), vdupq_n_f32(1.0F),
                           vreinterpretq_f32_s32(offset), 2);
  }
};

#else

/// Columns 0–3 of a token twice, and 4–7 twice.
struct EightActivations {
  int8x8_t first;
  int8x8_t second;
};

HWY_INLINE EightActivations LoadEight(const std::int8_t* x) {
  // Loads that spread cost no more than others, and leave the arithmetic units alone.
  std::int32_t first = 0;
  std::int32_t second = 0;
  std::memcpy(&first, x, sizeof(first));
  std::memcpy(&second, x + 4, sizeof(second));
  return {vreinterpret_s8_s32(vdup_n_s32(first)), vreinterpret_s8_s32(vdup_n_s32(second))};
}

HWY_INLINE int16x8_t MultiplyLow(uint8x16_t w, int8x8_t x) {
  return vmull_s8(vget_low_s8(vreinterpretq_s8_u8(w)), x);
}
HWY_INLINE int16x8_t AddLow(int16x8_t sum, uint8x16_t w, int8x8_t x) {
  return vmlal_s8(sum, vget_low_s8(vreinterpretq_s8_u8(w)), x);
}
HWY_INLINE int16x8_t AddHigh(int16x8_t sum, uint8x16_t w, int8x8_t x) {
  return vmlal_s8(sum, vget_high_s8(vreinterpretq_s8_u8(w)), x);
}
HWY_INLINE int16x8_t MultiplyHigh(uint8x16_t w, int8x8_t x) {
  return vmull_s8(vget_high_s8(vreinterpretq_s8_u8(w)), x);
}

HWY_INLINE int32x4_t AddNeighbours(int32x4_t a, int32x4_t b) {
#if HWY_ARCH_ARM_A64
  return vpaddq_s32(a, b);
#else
  return vcombine_s32(vpadd_s32(vget_low_s32(a), vget_high_s32(a)),
                      vpadd_s32(vget_low_s32(b), vget_high_s32(b)));
#endif
}
HWY_INLINE int16x8_t AddNeighbours(int16x8_t a, int16x8_t b) {
#if HWY_ARCH_ARM_A64
  return vpaddq_s16(a, b);
#else
  return vcombine_s16(vpadd_s16(vget_low_s16(a), vget_high_s16(a)),
                      vpadd_s16(vget_low_s16(b), vget_high_s16(b)));
#endif
}

constexpr int kMostShort = 32767;
constexpr int kMostActivation = 127;  ///< Of either sign; see quantized_row.h.

/// Sums of rows 0 and 1 and of rows 2 and 3, four columns apart. Quants of 8 bits: two products fit
/// in 16 bits.
template <int kMost, int kSteps, bool kShort = kMost* kMostActivation* kSteps <= kMostShort>
struct RowSums4 {
  static_assert(2 * kMost * kMostActivation <= kMostShort);
  int32x4_t low;
  int32x4_t high;

  HWY_INLINE void Clear() { low = high = vdupq_n_s32(0); }

  /// Two lines times eight columns, of several vectors: what needs a result comes after the same of
  /// the other vectors, for CPUs that compute in order.
  template <std::size_t kVectors>
  static HWY_INLINE void Add(RowSums4 (&all)[kVectors], const uint8x16_t (&w)[2][kVectors],
                             const EightActivations& x) {
    int16x8_t low_pairs[kVectors];
    int16x8_t high_pairs[kVectors];
    HWY_UNROLL(8)
    for (std::size_t v = 0; v < kVectors; ++v) {
      low_pairs[v] = MultiplyLow(w[0][v], x.first);
      high_pairs[v] = MultiplyHigh(w[0][v], x.first);
    }
    HWY_UNROLL(8)
    for (std::size_t v = 0; v < kVectors; ++v) {
      low_pairs[v] = AddLow(low_pairs[v], w[1][v], x.second);
      high_pairs[v] = AddHigh(high_pairs[v], w[1][v], x.second);
    }
    HWY_UNROLL(8)
    for (std::size_t v = 0; v < kVectors; ++v) {
      all[v].low = vpadalq_s16(all[v].low, low_pairs[v]);
      all[v].high = vpadalq_s16(all[v].high, high_pairs[v]);
    }
  }

  HWY_INLINE int32x4_t Total() const { return AddNeighbours(low, high); }
  HWY_INLINE float32x4_t ToFloat() const { return vcvtq_f32_s32(Total()); }
};

/// The same for narrow quants: a whole block fits in 16 bits.
template <int kMost, int kSteps>
struct RowSums4<kMost, kSteps, true> {
  int16x8_t low;
  int16x8_t high;

  HWY_INLINE void Clear() { low = high = vdupq_n_s16(0); }

  template <std::size_t kVectors>
  static HWY_INLINE void Add(RowSums4 (&all)[kVectors], const uint8x16_t (&w)[2][kVectors],
                             const EightActivations& x) {
    HWY_UNROLL(8)
    for (std::size_t v = 0; v < kVectors; ++v) {
      all[v].low = AddLow(all[v].low, w[0][v], x.first);
      all[v].high = AddHigh(all[v].high, w[0][v], x.first);
    }
    HWY_UNROLL(8)
    for (std::size_t v = 0; v < kVectors; ++v) {
      all[v].low = AddLow(all[v].low, w[1][v], x.second);
      all[v].high = AddHigh(all[v].high, w[1][v], x.second);
    }
  }

  HWY_INLINE int32x4_t Total() const {
    if constexpr (2 * kMost * kMostActivation * kSteps <= kMostShort) {
      return vpaddlq_s16(AddNeighbours(low, high));
    } else {
      return AddNeighbours(vpaddlq_s16(low), vpaddlq_s16(high));
    }
  }
  HWY_INLINE float32x4_t ToFloat() const { return vcvtq_f32_s32(Total()); }
  /// Less the given number in lane 2 of `offset`.
  HWY_INLINE float32x4_t ToFloatLess(int32x4_t offset) const {
    return vcvtq_f32_s32(vsubq_s32(Total(), vdupq_lane_s32(vget_high_s32(offset), 0)));
  }
};

#endif  // FOVEA_STRIPS_DOTPROD

}  // namespace

#endif  // HWY_TARGET == HWY_NEON
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
