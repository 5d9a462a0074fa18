// Products of strips with 8-bit activations on ARM, the counterpart of strip_gemm-inl.h: the same
// integers and the same chain of fused multiply-adds per output, hence the same bits, in tiles that
// suit 32 registers of 128 bits. Compiled once per target; a file that has dot products at hand
// defines FOVEA_STRIPS_DOTPROD first, and one that has matrix products FOVEA_STRIPS_I8MM besides.
#if defined(FOVEA_KERNELS_STRIP_GEMM_ARM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_STRIP_GEMM_ARM_INL_H_
#undef FOVEA_KERNELS_STRIP_GEMM_ARM_INL_H_
#else
#define FOVEA_KERNELS_STRIP_GEMM_ARM_INL_H_
#endif

#include <bit>
#include <cstddef>
#include <cstdint>

#include "engine/kernels/quantized_row.h"
#include "engine/kernels/strip_arm_products-inl.h"
#include "engine/kernels/strip_formats-inl.h"
#include "engine/kernels/strip_operands.h"
#include "engine/kernels/strip_planes.h"
#include "engine/kernels/strip_types.h"
#include "hwy/cache_control.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if HWY_TARGET == HWY_NEON

namespace {

// Registers: the sums of a tile, integers and floats, must fit beside the quants of two steps. One
// token takes all rows of a strip at once; with more tokens, half of them: fewer loads per product
// than the other way round.
constexpr std::size_t kTileVectors = 2;
#if defined(FOVEA_SMALL_KERNELS)  // CMake option: fewer tiles, their steps in a loop
constexpr std::size_t kTileTokens = 2;
constexpr bool kClears = true;
#define FOVEA_UNROLL_PAIRS HWY_UNROLL(1)
#elif defined(FOVEA_STRIPS_DOTPROD)
constexpr std::size_t kTileTokens = 6;
constexpr bool kClears = true;  ///< Sums begin at a value; else with their first product.
#elif HWY_ARCH_ARM_A64
constexpr std::size_t kTileTokens = 4;
constexpr bool kClears = false;
#else  // Half as many registers
constexpr std::size_t kTileTokens = 2;
constexpr bool kClears = false;
#endif
#if !defined(FOVEA_SMALL_KERNELS)
#define FOVEA_UNROLL_PAIRS HWY_UNROLL(4)
#endif

/// Tokens whose sums are scaled and added together.
#if defined(FOVEA_STRIPS_DOTPROD)
template <std::size_t kTokens>
constexpr std::size_t kFinished = 1;
#else
template <std::size_t kTokens>
constexpr std::size_t kFinished = kTokens;
#endif

/// Bytes that weights are fetched ahead of their use, and of a cache line.
constexpr std::size_t kPrefetchAhead = 512;
constexpr std::size_t kCacheLine = 64;

/// Step that is multiplied as number `pair` of four pairs. Types whose bytes hold steps i and i + 4
/// take both while the bytes are in registers.
template <class Format>
constexpr std::size_t StepOf(std::size_t pair) {
  constexpr std::size_t kSplit[] = {0, 4, 2, 6};
  return Format::kHalves ? 2 * pair : kSplit[pair];
}

/// A pointer that the compiler cannot see through: what lies behind it is then loaded at a distance
/// from it. Compilers would else compute most addresses anew from the loop's counter.
HWY_INLINE const std::uint8_t* Opaque(const std::uint8_t* pointer) {
  asm("" : "+r"(pointer));
  return pointer;
}

/// The strip from block b and vector `first` on, which become number 0. For types with blocks of 32
/// columns; those of other types keep their numbers.
template <class Format>
HWY_INLINE Format FromBlock(const Format& strip, std::size_t b, std::size_t first) {
  if constexpr (!Format::kSmallBlocks) {
    return strip;
  } else {
    constexpr std::size_t kQuants = Format::kQuantPlane;
    const std::uint8_t* const* plane = strip.at.plane;
    const std::size_t row = first * kLanes;
    const std::size_t half = (b * kStripRows + row) * 2;
    Format here;
    here.at.plane[0] = Opaque(plane[0] + half);
    if constexpr (Format::kHasMinimum) here.at.plane[1] = Opaque(plane[1] + half);
    if constexpr (Format::kMost == 31) {
      here.at.plane[kQuants - 1] = Opaque(plane[kQuants - 1] + b * kQuantLine + row * 4);
    }
    here.at.plane[kQuants] = Opaque(plane[kQuants] + b * 8 * Format::kStepBytes + row * 4);
    return here;
  }
}

/// The vectors [first, first + kVectors) of a strip × kTokens tokens.
template <class Format, std::size_t kVectors, std::size_t kTokens>
HWY_INLINE void StripTile(const Format& strip, std::size_t first, const StripOperands& at) {
  constexpr std::size_t kHalves = Format::kHalves ? 2 : 1;
  constexpr std::size_t kPairs = 4 / kHalves;
  using Sums = RowSums4<Format::kMost, static_cast<int>(8 / kHalves)>;
  const std::size_t blocks = at.cols / kActivationBlock;
  float32x4_t total[kTokens][kVectors];
  HWY_UNROLL(8)
  for (std::size_t t = 0; t < kTokens; ++t) {
    HWY_UNROLL(8)
    for (std::size_t v = 0; v < kVectors; ++v) total[t][v] = vdupq_n_f32(0.0F);
  }
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::int8_t* x = at.x.quants + b * kActivationBlock;
    const ActivationBlock* activation = at.x.blocks + b;
    constexpr bool kFromBlock = Format::kSmallBlocks && (kTokens == 1 || !kClears);
    const Format here = kFromBlock ? FromBlock(strip, b, first) : strip;
    const std::size_t number = kFromBlock ? 0 : b;
    const std::size_t vector = kFromBlock ? 0 : first;
    if constexpr (kTokens == 1) {
      constexpr std::size_t kBlockBytes = 8 * Format::kStepBytes;
      const std::uint8_t* ahead = here.at.plane[Format::kQuantPlane] + kPrefetchAhead;
      if constexpr (!kFromBlock) ahead += b * kBlockBytes;
      HWY_UNROLL(8)
      for (std::size_t i = 0; i < kBlockBytes; i += kCacheLine) hwy::Prefetch(ahead + i);
    }
    HWY_UNROLL(2)
    for (std::size_t half = 0; half < kHalves; ++half) {
      Sums sums[kTokens][kVectors];
      if constexpr (kClears) {
        HWY_UNROLL(8)
        for (std::size_t t = 0; t < kTokens; ++t) {
          HWY_UNROLL(8)
          for (std::size_t v = 0; v < kVectors; ++v) sums[t][v].Clear();
        }
      }
      FOVEA_UNROLL_PAIRS
      for (std::size_t i = 0; i < kPairs; ++i) {
        const std::size_t step = StepOf<Format>(half * kPairs + i);
        uint8x16_t w[2][kVectors];
        HWY_UNROLL(8)
        for (std::size_t v = 0; v < kVectors; ++v) {
          w[0][v] = here.Load(number, step, vector + v).raw;
        }
        HWY_UNROLL(8)
        for (std::size_t v = 0; v < kVectors; ++v) {
          w[1][v] = here.Load(number, step + 1, vector + v).raw;
        }
        Sums::Add(sums, w, !kClears && i == 0,
                  [&](std::size_t t) HWY_ATTR { return LoadEight(x + t * at.cols + step * 4); });
      }
      float32x4_t scale[kVectors];
      HWY_UNROLL(8)
      for (std::size_t v = 0; v < kVectors; ++v) {
        scale[v] = here.Scale(number, half, vector + v).raw;
      }
      HWY_UNROLL(8)
      for (std::size_t t0 = 0; t0 < kTokens; t0 += kFinished<kTokens>) {
        float32x4_t fields[kFinished<kTokens>];
        HWY_UNROLL(8)
        for (std::size_t t = 0; t < kFinished<kTokens>; ++t) {
          fields[t] = vld1q_f32(&activation[(t0 + t) * blocks].scale);
        }
        float32x4_t dots[kFinished<kTokens>][kVectors];
        Sums::template ToFloats<Format>(sums + t0, fields, half, dots);
        HWY_UNROLL(8)
        for (std::size_t t = 0; t < kFinished<kTokens>; ++t) {
          HWY_UNROLL(8)
          for (std::size_t v = 0; v < kVectors; ++v) {
            total[t0 + t][v] =
                vfmaq_f32(total[t0 + t][v], dots[t][v], TimesLane0(scale[v], fields[t]));
          }
        }
      }
    }
    if constexpr (Format::kHasMinimum) {
      HWY_UNROLL(8)
      for (std::size_t v = 0; v < kVectors; ++v) {
        const float32x4_t minimum = here.Minimum(number, vector + v).raw;
        HWY_UNROLL(8)
        for (std::size_t t = 0; t < kTokens; ++t) {
          const float32x4_t fields = vld1q_f32(&activation[t * blocks].scale);
          total[t][v] = AddTimesLane1(total[t][v], minimum, fields);
        }
      }
    }
  }
  HWY_UNROLL(8)
  for (std::size_t t = 0; t < kTokens; ++t) {
    HWY_UNROLL(8)
    for (std::size_t v = 0; v < kVectors; ++v) {
      vst1q_f32(at.out + t * at.out_stride + (first + v) * kLanes, total[t][v]);
    }
  }
}

#if defined(FOVEA_STRIPS_I8MM)

/// One's and the other's, twice.
HWY_INLINE float32x4_t PairedWords(const ActivationBlock* blocks, std::size_t offset) {
  return vreinterpretq_f32_u64(vdupq_n_u64(PairedWord(blocks, offset)));
}

/// The same with matrix products, for pairs of tokens: [0] of a sum holds rows 0 and 2 of a vector,
/// each times both tokens, and [1] rows 1 and 3. Scales take that order too; it ends with the tile.
template <class Format, std::size_t kVectors, std::size_t kTokens>
HWY_INLINE void PairTile(const Format& strip, std::size_t first, const StripOperands& at) {
  constexpr std::size_t kTokenPairs = kTokens / 2;
  constexpr std::size_t kHalves = Format::kHalves ? 2 : 1;
  constexpr std::size_t kPairs = 4 / kHalves;
  const std::size_t blocks = at.cols / kActivationBlock;
  float32x4_t total[kTokenPairs][kVectors][2];
  HWY_UNROLL(8)
  for (std::size_t t = 0; t < kTokenPairs; ++t) {
    HWY_UNROLL(8)
    for (std::size_t v = 0; v < kVectors; ++v) total[t][v][0] = total[t][v][1] = vdupq_n_f32(0.0F);
  }
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::int8_t* x = at.x.quants + b * (2 * kActivationBlock);
    const ActivationBlock* activations = at.x.blocks + b * 2;
    HWY_UNROLL(2)
    for (std::size_t half = 0; half < kHalves; ++half) {
      int32x4_t sums[kTokenPairs][kVectors][2];
      HWY_UNROLL(8)
      for (std::size_t t = 0; t < kTokenPairs; ++t) {
        HWY_UNROLL(8)
        for (std::size_t v = 0; v < kVectors; ++v) {
          sums[t][v][0] = FreshSum();
          sums[t][v][1] = FreshSum();
        }
      }
      HWY_UNROLL(4)
      for (std::size_t i = 0; i < kPairs; ++i) {
        const std::size_t step = StepOf<Format>(half * kPairs + i);
        int8x16_t w[kVectors][2];
        HWY_UNROLL(8)
        for (std::size_t v = 0; v < kVectors; ++v) {
          const int32x4_t near = vreinterpretq_s32_u8(strip.Load(b, step, first + v).raw);
          const int32x4_t far = vreinterpretq_s32_u8(strip.Load(b, step + 1, first + v).raw);
          w[v][0] = vreinterpretq_s8_s32(vtrn1q_s32(near, far));
          w[v][1] = vreinterpretq_s8_s32(vtrn2q_s32(near, far));
        }
        HWY_UNROLL(8)
        for (std::size_t t = 0; t < kTokenPairs; ++t) {
          const int8x16_t both = vld1q_s8(x + 2 * t * at.cols + step * 8);
          HWY_UNROLL(8)
          for (std::size_t v = 0; v < kVectors; ++v) {
            sums[t][v][0] = vmmlaq_s32(sums[t][v][0], w[v][0], both);
            sums[t][v][1] = vmmlaq_s32(sums[t][v][1], w[v][1], both);
          }
        }
      }
      float32x4_t scale[kVectors][2];
      HWY_UNROLL(8)
      for (std::size_t v = 0; v < kVectors; ++v) {
        const float32x4_t rows = strip.Scale(b, half, first + v).raw;
        scale[v][0] = vtrn1q_f32(rows, rows);
        scale[v][1] = vtrn2q_f32(rows, rows);
      }
      HWY_UNROLL(8)
      for (std::size_t t = 0; t < kTokenPairs; ++t) {
        const ActivationBlock* both = activations + 2 * t * blocks;
        const float32x4_t activation_scale = PairedWords(both, offsetof(ActivationBlock, scale));
        int32x4_t offset = vdupq_n_s32(kMagicBits);
        if constexpr (Format::kOffset != 0) {
          constexpr int kBits = std::countr_zero(static_cast<unsigned>(Format::kOffset));
          int32x4_t sum = vreinterpretq_s32_f32(PairedWords(both, offsetof(ActivationBlock, sum)));
          if constexpr (Format::kHalves) {
            const int32x4_t first_sum =
                vreinterpretq_s32_f32(PairedWords(both, offsetof(ActivationBlock, first_sum)));
            sum = half == 0 ? first_sum : vsubq_s32(sum, first_sum);
          }
          offset = vaddq_s32(offset, vshlq_n_s32(sum, kBits));
        }
        HWY_UNROLL(8)
        for (std::size_t v = 0; v < kVectors; ++v) {
          HWY_UNROLL(2)
          for (std::size_t odd = 0; odd < 2; ++odd) {
            const float32x4_t dot =
                vsubq_f32(vreinterpretq_f32_s32(sums[t][v][odd]), vreinterpretq_f32_s32(offset));
            total[t][v][odd] =
                vfmaq_f32(total[t][v][odd], dot, vmulq_f32(scale[v][odd], activation_scale));
          }
        }
      }
    }
    if constexpr (Format::kHasMinimum) {
      HWY_UNROLL(8)
      for (std::size_t v = 0; v < kVectors; ++v) {
        const float32x4_t rows = strip.Minimum(b, first + v).raw;
        HWY_UNROLL(8)
        for (std::size_t t = 0; t < kTokenPairs; ++t) {
          const float32x4_t scaled_sum =
              PairedWords(activations + 2 * t * blocks, offsetof(ActivationBlock, scaled_sum));
          total[t][v][0] = vfmaq_f32(total[t][v][0], vtrn1q_f32(rows, rows), scaled_sum);
          total[t][v][1] = vfmaq_f32(total[t][v][1], vtrn2q_f32(rows, rows), scaled_sum);
        }
      }
    }
  }
  HWY_UNROLL(8)
  for (std::size_t t = 0; t < kTokenPairs; ++t) {
    float* out = at.out + 2 * t * at.out_stride + first * kLanes;
    HWY_UNROLL(8)
    for (std::size_t v = 0; v < kVectors; ++v) {
      vst1q_f32(out + v * kLanes, vtrn1q_f32(total[t][v][0], total[t][v][1]));
      vst1q_f32(out + at.out_stride + v * kLanes, vtrn2q_f32(total[t][v][0], total[t][v][1]));
    }
  }
}

#endif  // FOVEA_STRIPS_I8MM

/// A strip against kTokens tokens, an even number.
template <class Format, std::size_t kTokens>
HWY_NOINLINE void StripTimesTokens(const Format& strip, const StripOperands& at) {
  for (std::size_t first = 0; first < kStripVectors; first += kTileVectors) {
#if defined(FOVEA_STRIPS_I8MM)
    PairTile<Format, kTileVectors, kTokens>(strip, first, at);
#else
    StripTile<Format, kTileVectors, kTokens>(strip, first, at);
#endif
  }
}

template <class Format>
HWY_NOINLINE void StripTimesToken(const Format& strip, const StripOperands& at) {
  StripTile<Format, kStripVectors, 1>(strip, 0, at);
}

/// A strip against all tokens: as many at a time as registers allow, the rest in smaller tiles.
template <class Format>
void StripTimesAll(const Format& strip, const StripOperands& all, std::size_t tokens) {
  ForTokenTiles<kTileTokens>(all, tokens, [&strip](const StripOperands& at, auto of) {
    if constexpr (of == 1) {
      StripTimesToken(strip, at);
    } else {
      StripTimesTokens<Format, of>(strip, at);
    }
  });
}

template <class Format>
void AllStrips(const std::byte* strips, std::size_t count, StripOperands at, std::size_t tokens) {
  const std::size_t strip_bytes = StripBytes<Format>(at.cols);
  Format strip;
  strip.at = Planes(Format::kType, strips, at.cols);
  for (; count > 0; --count, at.out += kStripRows) {
    StripTimesAll(strip, at, tokens);
    strip.at.Advance(strip_bytes);
  }
}

void AllStripsOf(DataType type, const std::byte* strips, std::size_t count, const StripOperands& at,
                 std::size_t tokens) {
  switch (type) {
#define FOVEA_CASE(name) \
  case DataType::k##name: return AllStrips<Format##name>(strips, count, at, tokens);
    FOVEA_EACH_STRIP_TYPE(FOVEA_CASE)
#undef FOVEA_CASE
    default: return;  // The caller asks HasStrips first.
  }
}

}  // namespace

#undef FOVEA_UNROLL_PAIRS

#endif  // HWY_TARGET == HWY_NEON
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
