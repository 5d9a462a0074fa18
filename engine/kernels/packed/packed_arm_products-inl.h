// The integer sums of four rows of a panel on ARM. Quants and activations are signed bytes; a line
// of the panel holds four columns of a row in every 32-bit lane. With dot products (the file
// defines FOVEA_PACKED_DOTPROD first) each lane is the sum of one row; without them products are
// accumulated in 16 bits while they cannot overflow, and the partial sums of a row are added at the
// end of a block. Compiled once per target.
#if defined(FOVEA_KERNELS_PACKED_ARM_PRODUCTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_PACKED_ARM_PRODUCTS_INL_H_
#undef FOVEA_KERNELS_PACKED_ARM_PRODUCTS_INL_H_
#else
#define FOVEA_KERNELS_PACKED_ARM_PRODUCTS_INL_H_
#endif

#include <arm_neon.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine/kernels/packed/panel_operands.h"
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

/// What is subtracted from the sums of a half block because quants are stored with an offset, in
/// lane 2. fields: an ActivationBlock.
template <class Format>
HWY_INLINE int32x4_t OffsetOf(int32x4_t fields, std::size_t half) {
  constexpr int kOffset = Format::kOffset;
  if constexpr (kOffset == 0) {
    return fields;
  } else {
    constexpr int kBits = std::countr_zero(static_cast<unsigned>(kOffset));
    static_assert(kOffset == 1 << kBits);
    static_assert(offsetof(ActivationBlock, sum) == 8 &&
                  offsetof(ActivationBlock, first_sum) == 12);
    int32x4_t sum = fields;
    if constexpr (Format::kHalves) {
      const int32x4_t first_sum = vrev64q_s32(fields);
      sum = half == 0 ? first_sum : vsubq_s32(fields, first_sum);
    }
#if defined(FOVEA_PACKED_DOTPROD)
    return vaddq_s32(vshlq_n_s32(sum, kBits), vdupq_n_s32(kMagicBits));
#else
    return vshlq_n_s32(sum, kBits);
#endif
  }
}

#if defined(FOVEA_PACKED_DOTPROD)

/// Eight columns of one token.
using EightActivations = int8x8_t;

HWY_INLINE EightActivations LoadEight(const std::int8_t* x) {
  return vld1_s8(x);
}

/// kMagicBits in every lane, loaded from memory: load units are idle here, while a copy of a
/// register would occupy the units that multiply.
HWY_INLINE int32x4_t FreshSum() {
  int32x4_t sum;
  asm volatile("ldr %q0, %1" : "=w"(sum) : "Q"(kFreshSum));
  return sum;
}

/// Sums of four rows. `kMaxValue` bounds the size of a quant, `kSteps` the lines that are added.
template <int kMaxValue, int kSteps>
struct RowSums4 {
  int32x4_t sums;

  HWY_INLINE void Clear() { sums = FreshSum(); }

  /// Adds two lines times eight columns of each token. The second product of a sum comes after the
  /// first products of the other sums, so that CPUs that compute in order need not wait. `fresh` is
  /// not used: sums always start from Clear().
  template <std::size_t kTokens, std::size_t kVectors, class LoadX>
  static HWY_INLINE void Add(RowSums4 (&all)[kTokens][kVectors], const uint8x16_t (&w)[2][kVectors],
                             bool /*fresh*/, const LoadX& load_x) {
    // Each token's activations are loaded while those before them are multiplied.
    EightActivations next = load_x(0);
    HWY_UNROLL(8)
    for (std::size_t t = 0; t < kTokens; ++t) {
      const EightActivations x = next;
      if (t + 1 < kTokens) next = load_x(t + 1);
      HWY_UNROLL(8)
      for (std::size_t v = 0; v < kVectors; ++v) {
        all[t][v].sums = vdotq_lane_s32(all[t][v].sums, vreinterpretq_s8_u8(w[0][v]), x, 0);
      }
      HWY_UNROLL(8)
      for (std::size_t v = 0; v < kVectors; ++v) {
        all[t][v].sums = vdotq_lane_s32(all[t][v].sums, vreinterpretq_s8_u8(w[1][v]), x, 1);
      }
    }
  }

  /// The sums of each token as floats, corrected for the offset of the quants.
  template <class Format, std::size_t kTokens, std::size_t kVectors>
  static HWY_INLINE void ToFloats(const RowSums4 (*all)[kVectors],
                                  const float32x4_t (&fields)[kTokens], std::size_t half,
                                  float32x4_t (&out)[kTokens][kVectors]) {
    HWY_UNROLL(8)
    for (std::size_t t = 0; t < kTokens; ++t) {
      [[maybe_unused]] const float32x4_t offset =
          vreinterpretq_f32_s32(OffsetOf<Format>(vreinterpretq_s32_f32(fields[t]), half));
      HWY_UNROLL(8)
      for (std::size_t v = 0; v < kVectors; ++v) {
        const float32x4_t raised = vreinterpretq_f32_s32(all[t][v].sums);
        if constexpr (Format::kOffset == 0) {
          out[t][v] = vsubq_f32(raised, vdupq_n_f32(kMagic));
        } else {
          // raised - 1 · offset is exact: both are floats that end in the same bit.
          out[t][v] = vfmsq_laneq_f32(raised, vdupq_n_f32(1.0F), offset, 2);
        }
      }
    }
  }
};

#else

#if HWY_ARCH_ARM_A64

/// Columns 0–3 of a token four times, and 4–7 four times.
struct EightActivations {
  int8x16_t first;
  int8x16_t second;
};

HWY_INLINE EightActivations LoadEight(const std::int8_t* x) {
  // The asm keeps this one load: compilers would make it two loads of four bytes.
  int32x2_t eight = vreinterpret_s32_s8(vld1_s8(x));
  asm("" : "+w"(eight));
  return {vreinterpretq_s8_s32(vdupq_lane_s32(eight, 0)),
          vreinterpretq_s8_s32(vdupq_lane_s32(eight, 1))};
}

HWY_INLINE int16x8_t MultiplyLow(uint8x16_t w, int8x16_t x) {
  return vmull_s8(vget_low_s8(vreinterpretq_s8_u8(w)), vget_low_s8(x));
}
HWY_INLINE int16x8_t MultiplyHigh(uint8x16_t w, int8x16_t x) {
  return vmull_high_s8(vreinterpretq_s8_u8(w), x);
}
HWY_INLINE int16x8_t AddLow(int16x8_t sum, uint8x16_t w, int8x16_t x) {
  return vmlal_s8(sum, vget_low_s8(vreinterpretq_s8_u8(w)), vget_low_s8(x));
}
HWY_INLINE int16x8_t AddHigh(int16x8_t sum, uint8x16_t w, int8x16_t x) {
  return vmlal_high_s8(sum, vreinterpretq_s8_u8(w), x);
}

#else

/// Columns 0–3 of a token twice, and 4–7 twice.
struct EightActivations {
  int8x8_t first;
  int8x8_t second;
};

HWY_INLINE EightActivations LoadEight(const std::int8_t* x) {
  // Loads that broadcast cost no more than others and need no arithmetic unit.
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

#endif  // HWY_ARCH_ARM_A64

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

constexpr int kMaxShort = 32767;
constexpr int kMaxActivation = 127;  ///< Of either sign; see quantized_row.h.

template <std::size_t kTokens, std::size_t kVectors, class Do>
HWY_INLINE void ForEach(const Do& act) {
  HWY_UNROLL(8)
  for (std::size_t t = 0; t < kTokens; ++t) {
    HWY_UNROLL(8)
    for (std::size_t v = 0; v < kVectors; ++v) act(t, v);
  }
}

/// The totals as floats, corrected for the offset of the quants. Each step is done for all sums
/// before the next step, so that CPUs that compute in order need not wait.
template <class Format, std::size_t kTokens, std::size_t kVectors>
HWY_INLINE void TotalsToFloats(int32x4_t (&totals)[kTokens][kVectors],
                               const float32x4_t (&fields)[kTokens], std::size_t half,
                               float32x4_t (&out)[kTokens][kVectors]) {
  if constexpr (Format::kOffset != 0) {
    int32x4_t offset[kTokens];
    HWY_UNROLL(8)
    for (std::size_t t = 0; t < kTokens; ++t) {
      const int32x4_t lanes = OffsetOf<Format>(vreinterpretq_s32_f32(fields[t]), half);
      offset[t] = vdupq_lane_s32(vget_high_s32(lanes), 0);
    }
    ForEach<kTokens, kVectors>([&](std::size_t t, std::size_t v)
                                   HWY_ATTR { totals[t][v] = vsubq_s32(totals[t][v], offset[t]); });
  }
  ForEach<kTokens, kVectors>([&](std::size_t t, std::size_t v)
                                 HWY_ATTR { out[t][v] = vcvtq_f32_s32(totals[t][v]); });
}

/// For quants of 8 bits, where two products fit in 16 bits: sums of rows 0 and 1 and of rows 2 and
/// 3, two lanes each.
template <int kMaxValue, int kSteps, bool kShort = kMaxValue* kMaxActivation* kSteps <= kMaxShort>
struct RowSums4 {
  static_assert(2 * kMaxValue * kMaxActivation <= kMaxShort);
  int32x4_t low;
  int32x4_t high;

  HWY_INLINE void Clear() { low = high = vdupq_n_s32(0); }

  /// Adds two lines times eight columns of each token, or starts the sums with them if `fresh`.
  /// What depends on a result comes after the same step of the other vectors, so that CPUs that
  /// compute in order need not wait.
  template <std::size_t kTokens, std::size_t kVectors, class LoadX>
  static HWY_INLINE void Add(RowSums4 (&all)[kTokens][kVectors], const uint8x16_t (&w)[2][kVectors],
                             bool fresh, const LoadX& load_x) {
    constexpr std::size_t kAtOnce = kVectors == 4 ? 1 : 2;
    static_assert(kTokens % kAtOnce == 0);
    HWY_UNROLL(8)
    for (std::size_t first = 0; first < kTokens; first += kAtOnce) {
      EightActivations x[kAtOnce];
      int16x8_t low_pairs[kAtOnce][kVectors];
      int16x8_t high_pairs[kAtOnce][kVectors];
      HWY_UNROLL(8)
      for (std::size_t t = 0; t < kAtOnce; ++t) x[t] = load_x(first + t);
      HWY_UNROLL(8)
      for (std::size_t t = 0; t < kAtOnce; ++t) {
        HWY_UNROLL(8)
        for (std::size_t v = 0; v < kVectors; ++v) {
          low_pairs[t][v] = MultiplyLow(w[0][v], x[t].first);
          high_pairs[t][v] = MultiplyHigh(w[0][v], x[t].first);
        }
      }
      HWY_UNROLL(8)
      for (std::size_t t = 0; t < kAtOnce; ++t) {
        HWY_UNROLL(8)
        for (std::size_t v = 0; v < kVectors; ++v) {
          low_pairs[t][v] = AddLow(low_pairs[t][v], w[1][v], x[t].second);
          high_pairs[t][v] = AddHigh(high_pairs[t][v], w[1][v], x[t].second);
        }
      }
      HWY_UNROLL(8)
      for (std::size_t t = 0; t < kAtOnce; ++t) {
        HWY_UNROLL(8)
        for (std::size_t v = 0; v < kVectors; ++v) {
          RowSums4& sum = all[first + t][v];
          sum.low = fresh ? vpaddlq_s16(low_pairs[t][v]) : vpadalq_s16(sum.low, low_pairs[t][v]);
          sum.high =
              fresh ? vpaddlq_s16(high_pairs[t][v]) : vpadalq_s16(sum.high, high_pairs[t][v]);
        }
      }
    }
  }

  template <class Format, std::size_t kTokens, std::size_t kVectors>
  static HWY_INLINE void ToFloats(const RowSums4 (*all)[kVectors],
                                  const float32x4_t (&fields)[kTokens], std::size_t half,
                                  float32x4_t (&out)[kTokens][kVectors]) {
    int32x4_t totals[kTokens][kVectors];
    ForEach<kTokens, kVectors>([&](std::size_t t, std::size_t v) HWY_ATTR {
      totals[t][v] = AddNeighbours(all[t][v].low, all[t][v].high);
    });
    TotalsToFloats<Format>(totals, fields, half, out);
  }
};

/// For narrow quants, where the products of a whole block fit in 16 bits.
template <int kMaxValue, int kSteps>
struct RowSums4<kMaxValue, kSteps, true> {
  int16x8_t low;
  int16x8_t high;

  HWY_INLINE void Clear() { low = high = vdupq_n_s16(0); }

  template <std::size_t kTokens, std::size_t kVectors, class LoadX>
  static HWY_INLINE void Add(RowSums4 (&all)[kTokens][kVectors], const uint8x16_t (&w)[2][kVectors],
                             bool fresh, const LoadX& load_x) {
    EightActivations x[kTokens];
    HWY_UNROLL(8)
    for (std::size_t t = 0; t < kTokens; ++t) {
      x[t] = load_x(t);
      HWY_UNROLL(8)
      for (std::size_t v = 0; v < kVectors; ++v) {
        RowSums4& sum = all[t][v];
        sum.low = fresh ? MultiplyLow(w[0][v], x[t].first) : AddLow(sum.low, w[0][v], x[t].first);
        sum.high =
            fresh ? MultiplyHigh(w[0][v], x[t].first) : AddHigh(sum.high, w[0][v], x[t].first);
      }
    }
    HWY_UNROLL(8)
    for (std::size_t t = 0; t < kTokens; ++t) {
      HWY_UNROLL(8)
      for (std::size_t v = 0; v < kVectors; ++v) {
        RowSums4& sum = all[t][v];
        sum.low = AddLow(sum.low, w[1][v], x[t].second);
        sum.high = AddHigh(sum.high, w[1][v], x[t].second);
      }
    }
  }

  static constexpr bool kPairsAreShort = 2 * kMaxValue * kMaxActivation * kSteps <= kMaxShort;

  template <class Format, std::size_t kTokens, std::size_t kVectors>
  static HWY_INLINE void ToFloats(const RowSums4 (*all)[kVectors],
                                  const float32x4_t (&fields)[kTokens], std::size_t half,
                                  float32x4_t (&out)[kTokens][kVectors]) {
    int32x4_t totals[kTokens][kVectors];
    if constexpr (kPairsAreShort) {
      int16x8_t pairs[kTokens][kVectors];
      ForEach<kTokens, kVectors>([&](std::size_t t, std::size_t v) HWY_ATTR {
        pairs[t][v] = AddNeighbours(all[t][v].low, all[t][v].high);
      });
      ForEach<kTokens, kVectors>([&](std::size_t t, std::size_t v)
                                     HWY_ATTR { totals[t][v] = vpaddlq_s16(pairs[t][v]); });
    } else {
      ForEach<kTokens, kVectors>([&](std::size_t t, std::size_t v) HWY_ATTR {
        totals[t][v] = AddNeighbours(vpaddlq_s16(all[t][v].low), vpaddlq_s16(all[t][v].high));
      });
    }
    TotalsToFloats<Format>(totals, fields, half, out);
  }
};

#endif  // FOVEA_PACKED_DOTPROD

}  // namespace

#endif  // HWY_TARGET == HWY_NEON
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
