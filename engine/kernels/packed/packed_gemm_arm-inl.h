// Products of panels with 8-bit activations on ARM, the counterpart of packed_gemm-inl.h: the same
// integer sums and the same order of fused multiply-adds per output, hence the same bits, in tiles
// that suit 32 registers of 128 bits. Compiled once per target; a file compiled for dot products
// defines FOVEA_PACKED_DOTPROD first, and one for matrix products FOVEA_PACKED_I8MM as well.
#if defined(FOVEA_KERNELS_PACKED_GEMM_ARM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_PACKED_GEMM_ARM_INL_H_
#undef FOVEA_KERNELS_PACKED_GEMM_ARM_INL_H_
#else
#define FOVEA_KERNELS_PACKED_GEMM_ARM_INL_H_
#endif

#include <bit>
#include <cstddef>
#include <cstdint>

#include "engine/kernels/packed/packed_arm_products-inl.h"
#include "engine/kernels/packed/panel_formats-inl.h"
#include "engine/kernels/packed/panel_operands.h"
#include "engine/kernels/packed/panel_sections.h"
#include "engine/kernels/quantize/quantized_row.h"
#include "hwy/cache_control.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if HWY_TARGET == HWY_NEON

namespace {

// Registers: the sums of a tile, integers and floats, must fit beside the quants of two steps. A
// tile of one token has all rows of a panel, a tile of more tokens half of the rows: that needs
// fewer loads per product than more rows and fewer tokens.
constexpr std::size_t kTileVectors = 2;
#if defined(FOVEA_SMALL_KERNELS)  // CMake option: fewer tiles, their steps in a loop
constexpr std::size_t kTileTokens = 2;
constexpr bool kClears = true;
#define FOVEA_UNROLL_PAIRS HWY_UNROLL(1)
#elif defined(FOVEA_PACKED_DOTPROD)
constexpr std::size_t kTileTokens = 6;
constexpr bool kClears = true;  ///< Sums start from a constant; else from their first product.
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

/// Tokens whose sums are scaled and added at the same time.
#if defined(FOVEA_PACKED_DOTPROD)
template <std::size_t kTokens>
constexpr std::size_t kFinished = 1;
#else
template <std::size_t kTokens>
constexpr std::size_t kFinished = kTokens;
#endif

/// Bytes that weights are fetched ahead of their use.
constexpr std::size_t kPrefetchAhead = 512;
constexpr std::size_t kCacheLine = 64;

/// The first step of pair `pair` of the four pairs of steps that are multiplied one after the
/// other. Types whose bytes hold steps i and i + 4 use both while the bytes are in registers.
template <class Format>
constexpr std::size_t StepOf(std::size_t pair) {
  constexpr std::size_t kSplit[] = {0, 4, 2, 6};
  return Format::kHalves ? 2 * pair : kSplit[pair];
}

/// The same pointer, but opaque to the compiler, which then loads with constant offsets from it.
/// Otherwise compilers compute most addresses anew from the loop's counter.
HWY_INLINE const std::uint8_t* Opaque(const std::uint8_t* pointer) {
  asm("" : "+r"(pointer));
  return pointer;
}

/// For types with blocks of 32 columns: the panel whose block 0 and vector 0 are block b and vector
/// `first` of this one. For other types: the panel itself.
template <class Format>
HWY_INLINE Format FromBlock(const Format& panel, std::size_t b, std::size_t first) {
  if constexpr (!Format::kSmallBlocks) {
    return panel;
  } else {
    constexpr std::size_t kQuants = Format::kQuantSection;
    const std::uint8_t* const* section = panel.sections.begin;
    const std::size_t row = first * kLanes;
    const std::size_t half = (b * kPanelRows + row) * 2;
    Format here;
    here.sections.begin[0] = Opaque(section[0] + half);
    if constexpr (Format::kHasMinimum) here.sections.begin[1] = Opaque(section[1] + half);
    if constexpr (Format::kMaxValue == 31) {
      here.sections.begin[kQuants - 1] = Opaque(section[kQuants - 1] + b * kQuantLine + row * 4);
    }
    here.sections.begin[kQuants] = Opaque(section[kQuants] + b * 8 * Format::kStepBytes + row * 4);
    return here;
  }
}

/// The vectors [first, first + kVectors) of a panel × kTokens tokens.
template <class Format, std::size_t kVectors, std::size_t kTokens>
HWY_INLINE void PanelTile(const Format& panel, std::size_t first, const PanelOperands& operands) {
  constexpr std::size_t kHalves = Format::kHalves ? 2 : 1;
  constexpr std::size_t kPairs = 4 / kHalves;
  using Sums = RowSums4<Format::kMaxValue, static_cast<int>(8 / kHalves)>;
  const std::size_t blocks = operands.cols / kActivationBlock;
  float32x4_t total[kTokens][kVectors];
  HWY_UNROLL(8)
  for (std::size_t t = 0; t < kTokens; ++t) {
    HWY_UNROLL(8)
    for (std::size_t v = 0; v < kVectors; ++v) total[t][v] = vdupq_n_f32(0.0F);
  }
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::int8_t* x = operands.x.quants + b * kActivationBlock;
    const ActivationBlock* activation = operands.x.blocks + b;
    constexpr bool kFromBlock = Format::kSmallBlocks && (kTokens == 1 || !kClears);
    const Format here = kFromBlock ? FromBlock(panel, b, first) : panel;
    const std::size_t number = kFromBlock ? 0 : b;
    const std::size_t vector = kFromBlock ? 0 : first;
    if constexpr (kTokens == 1) {
      constexpr std::size_t kBlockBytes = 8 * Format::kStepBytes;
      const std::uint8_t* ahead = here.sections.begin[Format::kQuantSection] + kPrefetchAhead;
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
        Sums::Add(sums, w, !kClears && i == 0, [&](std::size_t t) HWY_ATTR {
          return LoadEight(x + t * operands.cols + step * 4);
        });
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
      vst1q_f32(operands.out + t * operands.out_stride + (first + v) * kLanes, total[t][v]);
    }
  }
}

#if defined(FOVEA_PACKED_I8MM)

/// A field of two tokens' blocks in the lanes {first, second, first, second}.
HWY_INLINE float32x4_t PairedFields(const ActivationBlock* blocks, std::size_t offset) {
  return vreinterpretq_f32_u64(vdupq_n_u64(PairedField(blocks, offset)));
}

/// PanelTile with matrix products, for pairs of tokens. A matrix product multiplies two rows by two
/// tokens: sum [0] of a vector holds rows 0 and 2, each times both tokens, and sum [1] rows 1
/// and 3. Scales are permuted to that order, and outputs back to the order of rows when they are
/// stored.
template <class Format, std::size_t kVectors, std::size_t kTokens>
HWY_INLINE void PairTile(const Format& panel, std::size_t first, const PanelOperands& operands) {
  constexpr std::size_t kTokenPairs = kTokens / 2;
  constexpr std::size_t kHalves = Format::kHalves ? 2 : 1;
  constexpr std::size_t kPairs = 4 / kHalves;
  const std::size_t blocks = operands.cols / kActivationBlock;
  float32x4_t total[kTokenPairs][kVectors][2];
  HWY_UNROLL(8)
  for (std::size_t t = 0; t < kTokenPairs; ++t) {
    HWY_UNROLL(8)
    for (std::size_t v = 0; v < kVectors; ++v) total[t][v][0] = total[t][v][1] = vdupq_n_f32(0.0F);
  }
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::int8_t* x = operands.x.quants + b * (2 * kActivationBlock);
    const ActivationBlock* activations = operands.x.blocks + b * 2;
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
          const int32x4_t near = vreinterpretq_s32_u8(panel.Load(b, step, first + v).raw);
          const int32x4_t far = vreinterpretq_s32_u8(panel.Load(b, step + 1, first + v).raw);
          w[v][0] = vreinterpretq_s8_s32(vtrn1q_s32(near, far));
          w[v][1] = vreinterpretq_s8_s32(vtrn2q_s32(near, far));
        }
        HWY_UNROLL(8)
        for (std::size_t t = 0; t < kTokenPairs; ++t) {
          const int8x16_t both = vld1q_s8(x + 2 * t * operands.cols + step * 8);
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
        const float32x4_t rows = panel.Scale(b, half, first + v).raw;
        scale[v][0] = vtrn1q_f32(rows, rows);
        scale[v][1] = vtrn2q_f32(rows, rows);
      }
      HWY_UNROLL(8)
      for (std::size_t t = 0; t < kTokenPairs; ++t) {
        const ActivationBlock* both = activations + 2 * t * blocks;
        const float32x4_t activation_scale = PairedFields(both, offsetof(ActivationBlock, scale));
        int32x4_t offset = vdupq_n_s32(kMagicBits);
        if constexpr (Format::kOffset != 0) {
          constexpr int kBits = std::countr_zero(static_cast<unsigned>(Format::kOffset));
          int32x4_t sum = vreinterpretq_s32_f32(PairedFields(both, offsetof(ActivationBlock, sum)));
          if constexpr (Format::kHalves) {
            const int32x4_t first_sum =
                vreinterpretq_s32_f32(PairedFields(both, offsetof(ActivationBlock, first_sum)));
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
        const float32x4_t rows = panel.Minimum(b, first + v).raw;
        HWY_UNROLL(8)
        for (std::size_t t = 0; t < kTokenPairs; ++t) {
          const float32x4_t scaled_sum =
              PairedFields(activations + 2 * t * blocks, offsetof(ActivationBlock, scaled_sum));
          total[t][v][0] = vfmaq_f32(total[t][v][0], vtrn1q_f32(rows, rows), scaled_sum);
          total[t][v][1] = vfmaq_f32(total[t][v][1], vtrn2q_f32(rows, rows), scaled_sum);
        }
      }
    }
  }
  HWY_UNROLL(8)
  for (std::size_t t = 0; t < kTokenPairs; ++t) {
    float* out = operands.out + 2 * t * operands.out_stride + first * kLanes;
    HWY_UNROLL(8)
    for (std::size_t v = 0; v < kVectors; ++v) {
      vst1q_f32(out + v * kLanes, vtrn1q_f32(total[t][v][0], total[t][v][1]));
      vst1q_f32(out + operands.out_stride + v * kLanes, vtrn2q_f32(total[t][v][0], total[t][v][1]));
    }
  }
}

#endif  // FOVEA_PACKED_I8MM

/// A panel against kTokens tokens, an even number.
template <class Format, std::size_t kTokens>
HWY_NOINLINE void PanelTimesTokens(const Format& panel, const PanelOperands& operands) {
  for (std::size_t first = 0; first < kPanelVectors; first += kTileVectors) {
#if defined(FOVEA_PACKED_I8MM)
    PairTile<Format, kTileVectors, kTokens>(panel, first, operands);
#else
    PanelTile<Format, kTileVectors, kTokens>(panel, first, operands);
#endif
  }
}

template <class Format>
HWY_NOINLINE void PanelTimesToken(const Format& panel, const PanelOperands& operands) {
  PanelTile<Format, kPanelVectors, 1>(panel, 0, operands);
}

/// A panel against all tokens: as many at a time as registers allow, the rest in smaller tiles.
template <class Format>
void PanelTimesAll(const Format& panel, const PanelOperands& all, std::size_t tokens) {
  ForTokenTiles<kTileTokens>(all, tokens, [&panel](const PanelOperands& operands, auto count) {
    if constexpr (count == 1) {
      PanelTimesToken(panel, operands);
    } else {
      PanelTimesTokens<Format, count>(panel, operands);
    }
  });
}

template <class Format>
void AllPanels(const std::byte* panels, std::size_t count, PanelOperands operands,
               std::size_t tokens) {
  const std::size_t panel_bytes = PanelBytes<Format>(operands.cols);
  Format panel;
  panel.sections = Sections(Format::kType, panels, operands.cols);
  for (; count > 0; --count, operands.out += kPanelRows) {
    PanelTimesAll(panel, operands, tokens);
    panel.sections.Advance(panel_bytes);
  }
}

FOVEA_DEFINE_WITH_FORMAT(HWY_INLINE)

void AllPanelsOf(DataType type, const std::byte* panels, std::size_t count,
                 const PanelOperands& operands, std::size_t tokens) {
  WithFormat(type, [&](auto format)
                       HWY_ATTR { AllPanels<decltype(format)>(panels, count, operands, tokens); });
}

}  // namespace

#undef FOVEA_UNROLL_PAIRS

#endif  // HWY_TARGET == HWY_NEON
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
