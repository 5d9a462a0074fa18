// Products of panels with 8-bit activations on SVE, the counterpart of packed_gemm_arm-inl.h with
// vectors of any length: the same integer sums and the same order of fused multiply-adds per
// output, hence the same bits. Vectors without a size cannot be kept in arrays: the sums of a
// tile's tokens are separate variables, declared by macros. A file compiled for SVE's matrix
// products defines FOVEA_SVE_I8MM first.
#ifndef FOVEA_KERNELS_SVE_PANELS_INL_H_
#define FOVEA_KERNELS_SVE_PANELS_INL_H_

#include <arm_sve.h>

#include <bit>
#include <cstddef>
#include <cstdint>

#include "engine/kernels/packed/panel_operands.h"
#include "engine/kernels/packed/panel_sections.h"
#include "engine/kernels/packed/sve_formats-inl.h"
#include "engine/kernels/quantize/quantized_row.h"

namespace fovea::kernels::sve {
namespace {

#if defined(FOVEA_SMALL_KERNELS)  // CMake option: fewer tiles, the same bits
constexpr std::size_t kTileTokens = 2;
#else
constexpr std::size_t kTileTokens = 8;
#endif

/// An ActivationBlock in each 128 bits: scale, scaled_sum, sum, first_sum.
FOVEA_SVE_INLINE svfloat32_t LoadFields(const ActivationBlock& block) {
  return svld1rq_f32(svptrue_b32(), &block.scale);
}

/// Sixteen columns of a token in each 128 bits.
FOVEA_SVE_INLINE svint8_t LoadSixteen(const std::int8_t* x) {
  return svld1rq_s8(svptrue_b8(), x);
}

/// kMagicBits in every lane, loaded from memory: load units are idle here, while a copy of a
/// register would occupy the units that multiply.
FOVEA_SVE_INLINE svint32_t FreshSum() {
  svint32_t sum;
  asm volatile("ld1rqw {%0.s}, %1/z, [%2]"
               : "=w"(sum)
               : "Upl"(svptrue_b8()), "r"(kFreshSum), "m"(kFreshSum));
  return sum;
}

/// For variables that a tile of fewer tokens has, but does not use.
template <bool kUsed>
FOVEA_SVE_INLINE svint32_t FreshSumIf() {
  if constexpr (kUsed) return FreshSum();
  return svdup_n_s32(0);
}

/// What is subtracted from sums that started from kMagicBits and whose quants have an offset. sums:
/// those of the activations.
template <class Format>
FOVEA_SVE_INLINE svfloat32_t MagicAnd(svint32_t sums) {
  constexpr int kBits = std::countr_zero(static_cast<unsigned>(Format::kOffset));
  const svbool_t all = svptrue_b32();
  return svreinterpret_f32_s32(svadd_n_s32_x(all, svlsl_n_s32_x(all, sums, kBits), kMagicBits));
}

/// The integer sums of a token, or of a half block, as floats.
template <class Format>
FOVEA_SVE_INLINE svfloat32_t DotOf(svint32_t sums, svfloat32_t fields, std::size_t half) {
  const svbool_t all = svptrue_b32();
  const svfloat32_t raised = svreinterpret_f32_s32(sums);
  if constexpr (Format::kOffset == 0) {
    return svsub_n_f32_x(all, raised, kMagic);
  } else {
    svint32_t totals = svreinterpret_s32_f32(fields);
    if constexpr (Format::kHalves) {
      // Lane 2 becomes the sum of the half.
      const svint32_t first = svtrn2_s32(totals, totals);
      totals = half == 0 ? first : svsub_s32_x(all, totals, first);
    }
    return svmls_lane_f32(raised, svdup_n_f32(1.0F), MagicAnd<Format>(totals), 2);
  }
}

#define FOVEA_EACH_TOKEN(M) M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7)

/// A vector of rows × kTokens tokens.
template <class Format, std::size_t kTokens>
FOVEA_SVE_INLINE void PanelTile(const Rows& rows, const PanelOperands& operands) {
  const std::size_t blocks = operands.cols / kActivationBlock;
#define FOVEA_DECLARE(t) [[maybe_unused]] svfloat32_t total##t = svdup_n_f32(0);
  FOVEA_EACH_TOKEN(FOVEA_DECLARE)
#undef FOVEA_DECLARE
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::int8_t* x = operands.x.quants + b * kActivationBlock;
    const ActivationBlock* activation = operands.x.blocks + b;
#define FOVEA_DECLARE(t) [[maybe_unused]] svint32_t sum##t = FreshSumIf<(t < kTokens)>();
    FOVEA_EACH_TOKEN(FOVEA_DECLARE)
#undef FOVEA_DECLARE
    [[maybe_unused]] svint32_t second = svdup_n_s32(0);
#pragma GCC unroll 2
    for (std::size_t half = 0; half < 2; ++half) {
      const svint8_t w0 = Format::Load(rows, b, 4 * half);
      const svint8_t w1 = Format::Load(rows, b, 4 * half + 1);
      const svint8_t w2 = Format::Load(rows, b, 4 * half + 2);
      const svint8_t w3 = Format::Load(rows, b, 4 * half + 3);
      if constexpr (kTokens == 1) {
        // One token: two accumulators, because a product takes several cycles but one starts in
        // every cycle.
        const svint8_t sixteen = LoadSixteen(x + 16 * half);
        sum0 = svdot_lane_s32(sum0, w0, sixteen, 0);
        second = svdot_lane_s32(second, w1, sixteen, 1);
        sum0 = svdot_lane_s32(sum0, w2, sixteen, 2);
        second = svdot_lane_s32(second, w3, sixteen, 3);
        if (Format::kHalves || half == 1) sum0 = svadd_s32_x(svptrue_b32(), sum0, second);
      } else {
#define FOVEA_ADD(t)                                                         \
  if constexpr (kTokens > t) {                                               \
    const svint8_t sixteen = LoadSixteen(x + t * operands.cols + 16 * half); \
    sum##t = svdot_lane_s32(sum##t, w0, sixteen, 0);                         \
    sum##t = svdot_lane_s32(sum##t, w1, sixteen, 1);                         \
    sum##t = svdot_lane_s32(sum##t, w2, sixteen, 2);                         \
    sum##t = svdot_lane_s32(sum##t, w3, sixteen, 3);                         \
  }
        FOVEA_EACH_TOKEN(FOVEA_ADD)
#undef FOVEA_ADD
      }
      if (Format::kHalves || half == 1) {
        const svfloat32_t scale = Format::Scale(rows, b, half);
#define FOVEA_FINISH(t)                                                                  \
  if constexpr (kTokens > t) {                                                           \
    const svfloat32_t fields = LoadFields(activation[t * blocks]);                       \
    total##t = svmla_f32_x(svptrue_b32(), total##t, DotOf<Format>(sum##t, fields, half), \
                           svmul_lane_f32(scale, fields, 0));                            \
  }
        FOVEA_EACH_TOKEN(FOVEA_FINISH)
#undef FOVEA_FINISH
        if (Format::kHalves && half == 0) {
#define FOVEA_CLEAR(t) sum##t = FreshSumIf<(t < kTokens)>();
          FOVEA_EACH_TOKEN(FOVEA_CLEAR)
#undef FOVEA_CLEAR
          second = svdup_n_s32(0);
        }
      }
    }
    if constexpr (Format::kHasMinimum) {
      const svfloat32_t minimum = Format::Minimum(rows, b);
#define FOVEA_MINIMUM(t)                                                                 \
  if constexpr (kTokens > t) {                                                           \
    total##t = svmla_lane_f32(total##t, minimum, LoadFields(activation[t * blocks]), 1); \
  }
      FOVEA_EACH_TOKEN(FOVEA_MINIMUM)
#undef FOVEA_MINIMUM
    }
  }
#define FOVEA_STORE(t)       \
  if constexpr (kTokens > t) \
    svst1_f32(rows.Words(), operands.out + t * operands.out_stride + rows.row, total##t);
  FOVEA_EACH_TOKEN(FOVEA_STORE)
#undef FOVEA_STORE
}

#if defined(FOVEA_SVE_I8MM)

#define FOVEA_EACH_PAIR(M) M(0) M(1) M(2) M(3)

FOVEA_SVE_INLINE svint8_t Even(svint8_t a, svint8_t b) {
  return svreinterpret_s8_s32(svtrn1_s32(svreinterpret_s32_s8(a), svreinterpret_s32_s8(b)));
}
FOVEA_SVE_INLINE svint8_t Odd(svint8_t a, svint8_t b) {
  return svreinterpret_s8_s32(svtrn2_s32(svreinterpret_s32_s8(a), svreinterpret_s32_s8(b)));
}
/// A field of two tokens' blocks, the first token's in even lanes and the second's in odd ones.
FOVEA_SVE_INLINE svfloat32_t PairedFields(const ActivationBlock* blocks, std::size_t offset) {
  return svreinterpret_f32_u64(svdup_n_u64(PairedField(blocks, offset)));
}

/// MagicAnd for the sums of two tokens at once.
template <class Format>
FOVEA_SVE_INLINE svfloat32_t PairMagic(const ActivationBlock* blocks, std::size_t half) {
  if constexpr (Format::kOffset == 0) {
    return svdup_n_f32(kMagic);
  } else {
    svint32_t sums = svreinterpret_s32_f32(PairedFields(blocks, offsetof(ActivationBlock, sum)));
    if constexpr (Format::kHalves) {
      const svint32_t first =
          svreinterpret_s32_f32(PairedFields(blocks, offsetof(ActivationBlock, first_sum)));
      sums = half == 0 ? first : svsub_s32_x(svptrue_b32(), sums, first);
    }
    return MagicAnd<Format>(sums);
  }
}

/// PanelTile with matrix products, for pairs of tokens. Of each four rows the even sum holds rows 0
/// and 2, each times both tokens, and the odd sum rows 1 and 3. Scales are permuted to that order,
/// and outputs back to the order of rows when they are stored.
template <class Format, std::size_t kPairs>
FOVEA_SVE_INLINE void PairTile(const Rows& rows, const PanelOperands& operands) {
  const std::size_t blocks = operands.cols / kActivationBlock;
  const svbool_t all = svptrue_b32();
#define FOVEA_DECLARE(p)                                       \
  [[maybe_unused]] svfloat32_t even_total##p = svdup_n_f32(0); \
  [[maybe_unused]] svfloat32_t odd_total##p = svdup_n_f32(0);
  FOVEA_EACH_PAIR(FOVEA_DECLARE)
#undef FOVEA_DECLARE
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::int8_t* x = operands.x.quants + b * (2 * kActivationBlock);
    const ActivationBlock* activations = operands.x.blocks + b * 2;
#define FOVEA_DECLARE(p)                                               \
  [[maybe_unused]] svint32_t even_sum##p = FreshSumIf<(p < kPairs)>(); \
  [[maybe_unused]] svint32_t odd_sum##p = FreshSumIf<(p < kPairs)>();
    FOVEA_EACH_PAIR(FOVEA_DECLARE)
#undef FOVEA_DECLARE
#pragma GCC unroll 2
    for (std::size_t half = 0; half < 2; ++half) {
      const svint8_t w0 = Format::Load(rows, b, 4 * half);
      const svint8_t w1 = Format::Load(rows, b, 4 * half + 1);
      const svint8_t w2 = Format::Load(rows, b, 4 * half + 2);
      const svint8_t w3 = Format::Load(rows, b, 4 * half + 3);
      const svint8_t even_first = Even(w0, w1);
      const svint8_t odd_first = Odd(w0, w1);
      const svint8_t even_last = Even(w2, w3);
      const svint8_t odd_last = Odd(w2, w3);
#define FOVEA_ADD(p)                                                               \
  if constexpr (kPairs > p) {                                                      \
    const svint8_t first = LoadSixteen(x + 2 * p * operands.cols + 32 * half);     \
    const svint8_t last = LoadSixteen(x + 2 * p * operands.cols + 32 * half + 16); \
    even_sum##p = svmmla_s32(even_sum##p, even_first, first);                      \
    odd_sum##p = svmmla_s32(odd_sum##p, odd_first, first);                         \
    even_sum##p = svmmla_s32(even_sum##p, even_last, last);                        \
    odd_sum##p = svmmla_s32(odd_sum##p, odd_last, last);                           \
  }
      FOVEA_EACH_PAIR(FOVEA_ADD)
#undef FOVEA_ADD
      if (Format::kHalves || half == 1) {
        const svfloat32_t scale = Format::Scale(rows, b, half);
        const svfloat32_t even_scale = svtrn1_f32(scale, scale);
        const svfloat32_t odd_scale = svtrn2_f32(scale, scale);
#define FOVEA_FINISH(p)                                                                            \
  if constexpr (kPairs > p) {                                                                      \
    const ActivationBlock* both = activations + 2 * p * blocks;                                    \
    const svfloat32_t factor = PairedFields(both, offsetof(ActivationBlock, scale));               \
    const svfloat32_t magic = PairMagic<Format>(both, half);                                       \
    even_total##p = svmla_f32_x(all, even_total##p,                                                \
                                svsub_f32_x(all, svreinterpret_f32_s32(even_sum##p), magic),       \
                                svmul_f32_x(all, even_scale, factor));                             \
    odd_total##p =                                                                                 \
        svmla_f32_x(all, odd_total##p, svsub_f32_x(all, svreinterpret_f32_s32(odd_sum##p), magic), \
                    svmul_f32_x(all, odd_scale, factor));                                          \
    if (Format::kHalves && half == 0) {                                                            \
      even_sum##p = FreshSum();                                                                    \
      odd_sum##p = FreshSum();                                                                     \
    }                                                                                              \
  }
        FOVEA_EACH_PAIR(FOVEA_FINISH)
#undef FOVEA_FINISH
      }
    }
    if constexpr (Format::kHasMinimum) {
      const svfloat32_t minimum = Format::Minimum(rows, b);
      const svfloat32_t even_minimum = svtrn1_f32(minimum, minimum);
      const svfloat32_t odd_minimum = svtrn2_f32(minimum, minimum);
#define FOVEA_MINIMUM(p)                                                                   \
  if constexpr (kPairs > p) {                                                              \
    const svfloat32_t factor =                                                             \
        PairedFields(activations + 2 * p * blocks, offsetof(ActivationBlock, scaled_sum)); \
    even_total##p = svmla_f32_x(all, even_total##p, even_minimum, factor);                 \
    odd_total##p = svmla_f32_x(all, odd_total##p, odd_minimum, factor);                    \
  }
      FOVEA_EACH_PAIR(FOVEA_MINIMUM)
#undef FOVEA_MINIMUM
    }
  }
#define FOVEA_STORE(p)                                                                           \
  if constexpr (kPairs > p) {                                                                    \
    float* out = operands.out + 2 * p * operands.out_stride + rows.row;                          \
    svst1_f32(rows.Words(), out, svtrn1_f32(even_total##p, odd_total##p));                       \
    svst1_f32(rows.Words(), out + operands.out_stride, svtrn2_f32(even_total##p, odd_total##p)); \
  }
  FOVEA_EACH_PAIR(FOVEA_STORE)
#undef FOVEA_STORE
}

#endif  // FOVEA_SVE_I8MM

/// A panel against kTokens tokens.
template <class Format, std::size_t kTokens>
__attribute__((noinline)) void PanelTimesTokens(Rows panel, const PanelOperands& operands) {
  for (; panel.row < kPanelRows; panel.row += svcntw()) {
#if defined(FOVEA_SVE_I8MM)
    if constexpr (kTokens > 1) {
      PairTile<Format, kTokens / 2>(panel, operands);
      continue;
    }
#endif
    PanelTile<Format, kTokens>(panel, operands);
  }
}

template <class Format>
void AllPanels(const std::byte* panels, std::size_t count, PanelOperands operands,
               std::size_t tokens) {
  const std::size_t panel_bytes = PanelBytes<Format>(operands.cols);
  Rows panel(Format::kType, panels, operands.cols);
  for (; count > 0; --count, operands.out += kPanelRows) {
    ForTokenTiles<kTileTokens>(operands, tokens, [&panel](const PanelOperands& tile, auto size) {
      PanelTimesTokens<Format, size>(panel, tile);
    });
    panel.Advance(panel_bytes);
  }
}

FOVEA_DEFINE_WITH_FORMAT(FOVEA_SVE_INLINE)

void AllPanelsOf(DataType type, const std::byte* panels, std::size_t count,
                 const PanelOperands& operands, std::size_t tokens) {
  WithFormat(type,
             [&](auto format) { AllPanels<decltype(format)>(panels, count, operands, tokens); });
}

}  // namespace
}  // namespace fovea::kernels::sve

#endif  // FOVEA_KERNELS_SVE_PANELS_INL_H_
