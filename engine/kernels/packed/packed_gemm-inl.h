// Products of panels with 8-bit activations on x86. Lanes are rows. An output is one accumulator:
// the exact integer sum of each block of its row is scaled and added to it by a fused multiply-add,
// block after block, so every target, tile shape and number of tokens gives the same bits. Compiled
// once per target; a file compiled for VNNI defines FOVEA_PACKED_VNNI first.
#if defined(FOVEA_KERNELS_PACKED_GEMM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_PACKED_GEMM_INL_H_
#undef FOVEA_KERNELS_PACKED_GEMM_INL_H_
#else
#define FOVEA_KERNELS_PACKED_GEMM_INL_H_
#endif

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine/kernels/packed/panel_formats-inl.h"
#include "engine/kernels/packed/panel_operands.h"
#include "engine/kernels/packed/panel_sections.h"
#include "engine/kernels/quantize/quantized_row.h"
#include "hwy/cache_control.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

namespace {

// Registers: integer and float sums of kMaxPanels × kMaxTokens outputs must fit beside the
// quants. The weights for one token are read as kMaxStreams streams; measured: four streams reach
// 1.5 times the bandwidth of one.
// Sanitizers instrument every access: smaller tiles, which give the same bits, compile in a tenth
// of the time.
#if defined(FOVEA_SANITIZED)
constexpr std::size_t kMaxPanels = 1;
constexpr std::size_t kMaxTokens = 1;
constexpr std::size_t kMaxStreams = 1;
#elif defined(FOVEA_SMALL_KERNELS)
constexpr std::size_t kMaxStreams = 1;
constexpr std::size_t kMaxPanels = 1;
constexpr std::size_t kMaxTokens = 2;
#elif HWY_TARGET == HWY_AVX3
constexpr std::size_t kMaxStreams = 4;
constexpr std::size_t kMaxPanels = 2;
constexpr std::size_t kMaxTokens = 6;
#else
constexpr std::size_t kMaxStreams = 1;
constexpr std::size_t kMaxPanels = 1;
constexpr std::size_t kMaxTokens = 2;
#endif

// Small builds (CMake option FOVEA_SMALL_KERNELS) have each tile once and its steps in a loop.
#if defined(FOVEA_SMALL_KERNELS)
#define FOVEA_TILE HWY_NOINLINE
#define FOVEA_UNROLL_STEPS HWY_UNROLL(1)
#else
#define FOVEA_TILE HWY_INLINE
#define FOVEA_UNROLL_STEPS HWY_UNROLL(8)
#endif

/// Bytes that weights are fetched ahead of their use; measured.
constexpr std::size_t kPrefetchAhead = 512;

/// Every row's four columns times the same four activations (in every 32-bit lane of x), added to
/// the row's sum. Quants are unsigned, or signed if kSigned.
template <bool kSigned>
HWY_INLINE I32 AddProducts(I32 sum, Quants w, I32 x) {
#if HWY_TARGET == HWY_AVX3 && defined(FOVEA_PACKED_VNNI)
  static_assert(!kSigned);
  return I32{_mm512_dpbusd_epi32(sum.raw, w.raw, x.raw)};
#elif HWY_TARGET == HWY_AVX3
  __m512i left = w.raw;
  __m512i right = x.raw;
  if constexpr (kSigned) {
    // |w| times x with w's sign: the pair sums of unsigned quants would saturate.
    left = _mm512_abs_epi8(w.raw);
    right = _mm512_mask_sub_epi8(x.raw, _mm512_movepi8_mask(w.raw), _mm512_setzero_si512(), x.raw);
  }
  const __m512i pairs = _mm512_maddubs_epi16(left, right);
  return I32{_mm512_add_epi32(sum.raw, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)))};
#else
  __m256i left = w.raw;
  __m256i right = x.raw;
  if constexpr (kSigned) {
    left = _mm256_abs_epi8(w.raw);
    right = _mm256_sign_epi8(x.raw, w.raw);
  }
  const __m256i pairs = _mm256_maddubs_epi16(left, right);
  return I32{_mm256_add_epi32(sum.raw, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))};
#endif
}

/// kPanels panels × kTokens tokens. panel_gap: floats between the outputs of two panels.
template <class Format, std::size_t kPanels, std::size_t kTokens>
FOVEA_TILE void PanelTile(const Format (&panels)[kPanels], const PanelOperands& operands,
                          std::size_t panel_gap = kPanelRows) {
  const F32Tag d;
  const I32Tag di;
  constexpr std::size_t kVectors = kPanels * kPanelVectors;
  constexpr bool kSigned = Format::kWide && !kUnsignedBytes;
  // Eight-bit quants that are unsigned are so by an offset; narrow types have one of their own.
  constexpr int kOffset = Format::kOffset;
  constexpr int kOffsetBits = kOffset == 0 ? 0 : std::countr_zero(static_cast<unsigned>(kOffset));
  static_assert(kOffset == 0 || kOffset == 1 << kOffsetBits);
  const std::size_t blocks = operands.cols / kActivationBlock;
  F32 sums[kTokens][kVectors];
  HWY_UNROLL(8)
  for (std::size_t t = 0; t < kTokens; ++t) {
    HWY_UNROLL(8)
    for (std::size_t v = 0; v < kVectors; ++v) sums[t][v] = hn::Zero(d);
  }
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::int8_t* x = operands.x.quants + b * kActivationBlock;
    const ActivationBlock* activation = operands.x.blocks + b;
    // A type with a scale per half block adds up each half separately.
    constexpr std::size_t kHalves = Format::kHalves ? 2 : 1;
    HWY_UNROLL(2)
    for (std::size_t half = 0; half < kHalves; ++half) {
      I32 dots[kTokens][kVectors];
      HWY_UNROLL(8)
      for (std::size_t t = 0; t < kTokens; ++t) {
        const ActivationBlock& block = activation[t * blocks];
        std::int32_t sum = block.sum;
        if constexpr (Format::kHalves) {
          sum = half == 0 ? block.first_sum : block.sum - block.first_sum;
        }
        HWY_UNROLL(8)
        for (std::size_t v = 0; v < kVectors; ++v) {
          // Shifted as a vector: the sum is loaded into all lanes directly from memory, without a
          // scalar register.
          dots[t][v] = hn::Zero(di);
          if constexpr (kOffset != 0) {
            dots[t][v] = hn::Sub(dots[t][v], hn::ShiftLeft<kOffsetBits>(hn::Set(di, sum)));
          }
        }
      }
      constexpr std::size_t kSteps = 8 / kHalves;
      FOVEA_UNROLL_STEPS
      for (std::size_t i = 0; i < kSteps; ++i) {
        const std::size_t step = half * kSteps + i;
        Quants w[kVectors];
        HWY_UNROLL(8)
        for (std::size_t v = 0; v < kVectors; ++v) {
          w[v] = panels[v / kPanelVectors].Load(b, step, v % kPanelVectors);
        }
        if constexpr (kTokens == 1) {
          // With one token the weights come from memory; the hardware prefetcher stops at page
          // boundaries.
          HWY_UNROLL(2)
          for (std::size_t s = 0; s < kPanels; ++s) {
            hwy::Prefetch(panels[s].sections.begin[Format::kQuantSection] +
                          (b * 8 + step) * Format::kStepBytes + kPrefetchAhead);
          }
        }
        HWY_UNROLL(8)
        for (std::size_t t = 0; t < kTokens; ++t) {
          std::int32_t four = 0;
          std::memcpy(&four, x + t * operands.cols + step * 4, sizeof(four));
          const I32 activations = hn::Set(di, four);
          HWY_UNROLL(8)
          for (std::size_t v = 0; v < kVectors; ++v) {
            dots[t][v] = AddProducts<kSigned>(dots[t][v], w[v], activations);
          }
        }
      }
      F32 scale[kVectors];
      HWY_UNROLL(8)
      for (std::size_t v = 0; v < kVectors; ++v) {
        scale[v] = panels[v / kPanelVectors].Scale(b, half, v % kPanelVectors);
      }
      HWY_UNROLL(8)
      for (std::size_t t = 0; t < kTokens; ++t) {
        const F32 activation_scale = hn::Set(d, activation[t * blocks].scale);
        HWY_UNROLL(8)
        for (std::size_t v = 0; v < kVectors; ++v) {
          sums[t][v] = hn::MulAdd(hn::ConvertTo(d, dots[t][v]), hn::Mul(scale[v], activation_scale),
                                  sums[t][v]);
        }
      }
    }
    if constexpr (Format::kHasMinimum) {
      F32 minimum[kVectors];
      HWY_UNROLL(8)
      for (std::size_t v = 0; v < kVectors; ++v) {
        minimum[v] = panels[v / kPanelVectors].Minimum(b, v % kPanelVectors);
      }
      HWY_UNROLL(8)
      for (std::size_t t = 0; t < kTokens; ++t) {
        const F32 sum = hn::Set(d, activation[t * blocks].scaled_sum);
        HWY_UNROLL(8)
        for (std::size_t v = 0; v < kVectors; ++v) {
          sums[t][v] = hn::MulAdd(minimum[v], sum, sums[t][v]);
        }
      }
    }
  }
  HWY_UNROLL(8)
  for (std::size_t t = 0; t < kTokens; ++t) {
    HWY_UNROLL(8)
    for (std::size_t v = 0; v < kVectors; ++v) {
      hn::StoreU(sums[t][v], d,
                 operands.out + t * operands.out_stride + v / kPanelVectors * panel_gap +
                     v % kPanelVectors * kLanes);
    }
  }
}

/// The panels against all tokens: as many at a time as registers allow, the rest in smaller tiles.
template <class Format, std::size_t kPanels>
HWY_NOINLINE void PanelsTimesTokens(const Format (&panels)[kPanels], const PanelOperands& all,
                                    std::size_t tokens) {
  ForTokenTiles<kMaxTokens>(all, tokens,
                            [&panels](const PanelOperands& operands, auto count)
                                HWY_ATTR { PanelTile<Format, kPanels, count>(panels, operands); });
}

/// One token: memory bandwidth is the limit, and a few distant streams use it best.
template <class Format>
HWY_NOINLINE void PanelsTimesToken(Format panel, std::size_t panel_bytes, std::size_t count,
                                   PanelOperands operands) {
  if constexpr (kMaxStreams > 1) {
    const std::size_t each = count / kMaxStreams;
    Format streams[kMaxStreams];
    for (std::size_t i = 0; i < kMaxStreams; ++i) {
      streams[i] = panel;
      streams[i].sections.Advance(i * each * panel_bytes);
    }
    for (std::size_t s = 0; s < each; ++s, operands.out += kPanelRows) {
      PanelTile<Format, kMaxStreams, 1>(streams, operands, each * kPanelRows);
      for (Format& stream : streams) stream.sections.Advance(panel_bytes);
    }
    panel.sections.Advance(kMaxStreams * each * panel_bytes);
    operands.out += (kMaxStreams - 1) * each * kPanelRows;
    count -= kMaxStreams * each;
  }
  for (; count > 0; --count, operands.out += kPanelRows) {
    const Format panels[] = {panel};
    PanelTile<Format, 1, 1>(panels, operands);
    panel.sections.Advance(panel_bytes);
  }
}

template <class Format>
void AllPanels(const std::byte* panels, std::size_t count, PanelOperands operands,
               std::size_t tokens) {
  const std::size_t panel_bytes = PanelBytes<Format>(operands.cols);
  Format one;
  one.sections = Sections(Format::kType, panels, operands.cols);
  if (tokens == 1) return PanelsTimesToken(one, panel_bytes, count, operands);
  if constexpr (kMaxPanels == 2) {
    Format two[] = {one, one};
    two[1].sections.Advance(panel_bytes);
    for (; count >= 2; count -= 2, operands.out += 2 * kPanelRows) {
      PanelsTimesTokens(two, operands, tokens);
      two[0].sections.Advance(2 * panel_bytes);
      two[1].sections.Advance(2 * panel_bytes);
    }
    one = two[0];
  }
  for (; count > 0; --count, operands.out += kPanelRows) {
    const Format panel[] = {one};
    PanelsTimesTokens(panel, operands, tokens);
    one.sections.Advance(panel_bytes);
  }
}

FOVEA_DEFINE_WITH_FORMAT(HWY_INLINE)

void AllPanelsOf(DataType type, const std::byte* panels, std::size_t count,
                 const PanelOperands& operands, std::size_t tokens) {
  WithFormat(type, [&](auto format)
                       HWY_ATTR { AllPanels<decltype(format)>(panels, count, operands, tokens); });
}

}  // namespace

#undef FOVEA_TILE
#undef FOVEA_UNROLL_STEPS

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
