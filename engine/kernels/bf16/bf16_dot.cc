// Products in bfloat16 with AVX512-BF16's dot products of pairs: rows of weights and of activations
// are read in their stored order, lanes along the columns. Only for weights of type kBF16: those of
// kF16 would need two products each, which is no faster than floats.
#include "engine/kernels/dispatch/kernel_functions.h"

#include "engine/kernels/dispatch/highway_targets.h"

#if FOVEA_KERNELS_X86

#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX2)

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/bf16/bf16_dot.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include <algorithm>

#include "engine/kernels/simd/simd-inl.h"

#if HWY_TARGET == HWY_AVX3
// The functions of this region may use everything that AVX3's may, and bfloat16.
#undef HWY_TARGET_STR
#define HWY_TARGET_STR HWY_TARGET_STR_AVX3 ",avx512bf16"
#endif

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if HWY_TARGET == HWY_AVX3

namespace {

constexpr std::size_t kStepCols = 32;

// Registers: kTileRows * kTileTokens sums, kTileRows weights and one input.
constexpr std::size_t kTileRows = 4;
constexpr std::size_t kTileTokens = 6;

/// Bytes of weights that are multiplied by all tokens before the next ones: they stay in the
/// second-level cache.
constexpr std::size_t kPanelBytes = 128 * 1024;

HWY_INLINE __mmask32 FirstColumns(std::size_t count) {
  return count >= kStepCols ? ~__mmask32{0} : (__mmask32{1} << count) - 1;
}

struct DotOperands {
  const std::uint8_t* w;
  std::size_t row_bytes;
  const std::uint16_t* x;  ///< Rows of Bf16Cols(cols), zeros at the end.
  std::size_t cols;
  float* out;
  std::size_t out_stride;
};

/// kRows rows, row_step apart, × kTokens tokens, each output in one vector of partial sums.
template <std::size_t kRows, std::size_t kTokens>
HWY_INLINE void DotTile(const DotOperands& at, std::size_t row_step) {
  __m512 sums[kTokens][kRows];
  HWY_UNROLL(8)
  for (std::size_t t = 0; t < kTokens; ++t) {
    HWY_UNROLL(8)
    for (std::size_t r = 0; r < kRows; ++r) sums[t][r] = _mm512_setzero_ps();
  }
  const std::size_t x_stride = Bf16Cols(at.cols);
  const std::size_t w_stride = row_step * at.row_bytes;
  const auto add = [&](std::size_t c, __mmask32 mask) HWY_ATTR {
    __m512bh w[kRows];
    HWY_UNROLL(8)
    for (std::size_t r = 0; r < kRows; ++r) {
      w[r] = (__m512bh)_mm512_maskz_loadu_epi16(mask, at.w + r * w_stride + 2 * c);
    }
    HWY_UNROLL(8)
    for (std::size_t t = 0; t < kTokens; ++t) {
      const auto x = (__m512bh)_mm512_loadu_si512(at.x + t * x_stride + c);
      HWY_UNROLL(8)
      for (std::size_t r = 0; r < kRows; ++r) {
        sums[t][r] = _mm512_dpbf16_ps(sums[t][r], w[r], x);
      }
    }
  };
  std::size_t c = 0;
  for (; c + kStepCols <= at.cols; c += kStepCols) add(c, ~__mmask32{0});
  if (c < at.cols) add(c, FirstColumns(at.cols - c));
  HWY_UNROLL(8)
  for (std::size_t t = 0; t < kTokens; ++t) {
    float* out = at.out + t * at.out_stride;
    if constexpr (kRows == 4) {
      float lanes[4];
      hn::StoreU(SumLanes4(F32{sums[t][0]}, F32{sums[t][1]}, F32{sums[t][2]}, F32{sums[t][3]}),
                 F32x4Tag(), lanes);
      for (std::size_t r = 0; r < kRows; ++r) out[r * row_step] = lanes[r];
    } else {
      out[0] = SumLanes(F32{sums[t][0]});
    }
  }
}

/// All rows times kTokens tokens. If `spread`, the rows of a tile are a quarter of all rows apart:
/// four streams read memory faster than one.
template <std::size_t kTokens>
HWY_NOINLINE void DotRows(DotOperands at, std::size_t rows, bool spread) {
  const auto advance = [&at](std::size_t by) {
    at.w += by * at.row_bytes;
    at.out += by;
  };
  const std::size_t quarter = rows / kTileRows;
  for (std::size_t i = 0; i < quarter; ++i) {
    DotTile<kTileRows, kTokens>(at, spread ? quarter : 1);
    advance(spread ? 1 : kTileRows);
  }
  if (spread) advance((kTileRows - 1) * quarter);
  for (std::size_t r = kTileRows * quarter; r < rows; ++r) {
    DotTile<1, kTokens>(at, 1);
    advance(1);
  }
}

void DotRowsOf(std::size_t tokens, const DotOperands& at, std::size_t rows, bool spread) {
  switch (tokens) {
    case 1: return DotRows<1>(at, rows, spread);
    case 2: return DotRows<2>(at, rows, spread);
    case 3: return DotRows<3>(at, rows, spread);
    case 4: return DotRows<4>(at, rows, spread);
    case 5: return DotRows<5>(at, rows, spread);
    case 6: return DotRows<6>(at, rows, spread);
  }
}

}  // namespace

void Bf16PrepareDot(const float* x, std::size_t x_stride, std::size_t tokens, std::size_t cols,
                    std::uint16_t* prepared) {
  for (std::size_t t = 0; t < tokens; ++t) {
    for (std::size_t c = 0; c < cols; c += kStepCols) {
      const __mmask32 mask = FirstColumns(cols - c);
      const float* from = x + t * x_stride + c;
      const __m512 first = _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), from);
      const __m512 last = _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask >> 16), from + 16);
      _mm512_storeu_si512(prepared, (__m512i)_mm512_cvtne2ps_pbh(last, first));
      prepared += kStepCols;
    }
  }
}

void Bf16GemmDot(DataType /*type*/, const std::byte* w, std::size_t row_bytes, std::size_t rows,
                 const std::uint16_t* prepared, std::size_t tokens, std::size_t cols, float* out,
                 std::size_t out_stride, std::byte* /*scratch*/) {
  // Few tokens: the weights are read once.
  const bool few = tokens <= kTileTokens;
  const std::size_t panel_rows =
      few ? rows : std::max(kPanelBytes / std::max<std::size_t>(row_bytes, 1), kTileRows);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(w);
  for (std::size_t r = 0; r < rows; r += panel_rows) {
    for (std::size_t t = 0; t < tokens; t += kTileTokens) {
      DotRowsOf(std::min(kTileTokens, tokens - t),
                {bytes + r * row_bytes, row_bytes, prepared + t * Bf16Cols(cols), cols,
                 out + t * out_stride + r, out_stride},
                std::min(panel_rows, rows - r), few);
    }
  }
}

#endif  // HWY_TARGET == HWY_AVX3
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_X86
