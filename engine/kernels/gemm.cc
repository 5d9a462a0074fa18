#include "engine/kernels/kernel_functions.h"

#include "engine/kernels/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/gemm.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include <algorithm>

#include "engine/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

namespace {

// Registers: kRows * tokens sums, kRows weights and one input must fit in 32 (AVX-512, NEON) or 16.
constexpr std::size_t kRows = 4;
constexpr std::size_t kMaxTokens = HWY_TARGET == HWY_AVX2 ? 3 : 6;

struct Operands {
  const float* w;
  std::size_t w_stride;
  const float* x;
  std::size_t x_stride;
  std::size_t cols;
  float* out;
  std::size_t out_stride;
};

/// One step of all sums: kLoad reads a vector at a pointer.
template <std::size_t kTileRows, std::size_t kTokens, typename Load>
HWY_INLINE void Accumulate(const Operands& at, std::size_t c, const Load& load,
                           F32 (&sums)[kTokens][kTileRows]) {
  F32 w[kTileRows];
  HWY_UNROLL(8)
  for (std::size_t r = 0; r < kTileRows; ++r) w[r] = load(at.w + r * at.w_stride + c);
  HWY_UNROLL(8)
  for (std::size_t t = 0; t < kTokens; ++t) {
    const F32 x = load(at.x + t * at.x_stride + c);
    HWY_UNROLL(8)
    for (std::size_t r = 0; r < kTileRows; ++r) sums[t][r] = hn::MulAdd(w[r], x, sums[t][r]);
  }
}

/// kTileRows × kTokens outputs, each in one vector of partial sums: an output is the same to the
/// bit whichever tile computes it.
template <std::size_t kTileRows, std::size_t kTokens>
HWY_INLINE void Tile(const Operands& at) {
  const F32Tag d;
  F32 sums[kTokens][kTileRows];
  HWY_UNROLL(8)
  for (std::size_t t = 0; t < kTokens; ++t) {
    HWY_UNROLL(8)
    for (std::size_t r = 0; r < kTileRows; ++r) sums[t][r] = hn::Zero(d);
  }
  std::size_t c = 0;
  for (; c + kLanes <= at.cols; c += kLanes) {
    Accumulate<kTileRows, kTokens>(
        at, c, [d](const float* from) HWY_ATTR { return hn::LoadU(d, from); }, sums);
  }
  if (c < at.cols) {
    const std::size_t rest = at.cols - c;
    Accumulate<kTileRows, kTokens>(
        at, c, [d, rest](const float* from) HWY_ATTR { return LoadFirst(d, from, rest); }, sums);
  }
  HWY_UNROLL(8)
  for (std::size_t t = 0; t < kTokens; ++t) {
    float* out = at.out + t * at.out_stride;
    if constexpr (kTileRows % 4 == 0) {
      HWY_UNROLL(2)
      for (std::size_t r = 0; r < kTileRows; r += 4) {
        hn::StoreU(SumLanes4(sums[t][r], sums[t][r + 1], sums[t][r + 2], sums[t][r + 3]),
                   F32x4Tag(), out + r);
      }
    } else {
      for (std::size_t r = 0; r < kTileRows; ++r) out[r] = SumLanes(sums[t][r]);
    }
  }
}

/// All rows against kTokens tokens.
template <std::size_t kTokens>
void Columns(Operands at, std::size_t rows) {
  // A single token offers too few independent sums to keep the adders busy with four rows.
  constexpr std::size_t kTileRows = kTokens == 1 ? 2 * kRows : kRows;
  std::size_t r = 0;
  const auto advance = [&at, &r](std::size_t by) {
    r += by;
    at.w += by * at.w_stride;
    at.out += by;
  };
  while (r + kTileRows <= rows) {
    Tile<kTileRows, kTokens>(at);
    advance(kTileRows);
  }
  while (r < rows) {
    Tile<1, kTokens>(at);
    advance(1);
  }
}

void ColumnsOf(std::size_t tokens, const Operands& at, std::size_t rows) {
  switch (tokens) {
    case 1: return Columns<1>(at, rows);
    case 2: return Columns<2>(at, rows);
    case 3: return Columns<3>(at, rows);
#if HWY_TARGET != HWY_AVX2
    case 4: return Columns<4>(at, rows);
    case 5: return Columns<5>(at, rows);
    case 6: return Columns<6>(at, rows);
#endif
  }
}

}  // namespace

void Gemm(const float* w, std::size_t w_stride, std::size_t rows, const float* x,
          std::size_t x_stride, std::size_t tokens, std::size_t cols, float* out,
          std::size_t out_stride) {
  // Tokens outside: a few rows of x stay in the first cache while w streams from the second.
  for (std::size_t t = 0; t < tokens; t += kMaxTokens) {
    ColumnsOf(std::min(kMaxTokens, tokens - t),
              {w, w_stride, x + t * x_stride, x_stride, cols, out + t * out_stride, out_stride},
              rows);
  }
}

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
