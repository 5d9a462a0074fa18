// Register tiles of out[t, r] = Σ_c x[t, c]·w[r, c], for kernel files only. Products with weights
// of 32 and of 16 bits share them, so that both have one accumulation order and give the same bits
// for the same values. Compiled once per target.
#if defined(FOVEA_KERNELS_GEMM_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_GEMM_TILE_INL_H_
#undef FOVEA_KERNELS_GEMM_TILE_INL_H_
#else
#define FOVEA_KERNELS_GEMM_TILE_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "engine/kernels/simd/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

// Registers: kRows * tokens sums, kRows weights and one input must fit in 32 (AVX-512, NEON) or 16.
inline constexpr std::size_t kRows = 4;  // Enough sums to keep the adders busy with one token.
#if defined(FOVEA_SMALL_KERNELS)         // CMake option; fewer tiles
inline constexpr std::size_t kTileTokens = 3;
#else
inline constexpr std::size_t kTileTokens = HWY_TARGET == HWY_AVX2 ? 3 : 6;
#endif

/// Weights is how a row of w is read:
///   Load(row, c)                    kLanes floats from column c on
///   LoadFirst(row, c, count)        `count` < kLanes of them and zeros
struct FloatWeights {
  static HWY_INLINE F32 Load(const std::uint8_t* row, std::size_t c) {
    return hn::LoadU(F32Tag(), reinterpret_cast<const float*>(row) + c);
  }
  static HWY_INLINE F32 LoadFirst(const std::uint8_t* row, std::size_t c, std::size_t count) {
    return HWY_NAMESPACE::LoadFirst(F32Tag(), reinterpret_cast<const float*>(row) + c, count);
  }
};

struct GemmOperands {
  const std::uint8_t* w;
  std::size_t w_stride;  ///< Of rows, in bytes.
  const float* x;
  std::size_t x_stride;
  std::size_t cols;
  float* out;
  std::size_t out_stride;
};

/// One step of all sums.
template <std::size_t kTileRows, std::size_t kTokens>
HWY_INLINE void Accumulate(const F32 (&w)[kTileRows], const F32 (&x)[kTokens],
                           F32 (&sums)[kTokens][kTileRows]) {
  HWY_UNROLL(8)
  for (std::size_t t = 0; t < kTokens; ++t) {
    HWY_UNROLL(8)
    for (std::size_t r = 0; r < kTileRows; ++r) sums[t][r] = hn::MulAdd(w[r], x[t], sums[t][r]);
  }
}

/// kTileRows × kTokens outputs of rows that are row_step apart, each in one vector of partial sums,
/// so that all tiles give the same bits.
template <class Weights, std::size_t kTileRows, std::size_t kTokens>
HWY_INLINE void GemmTile(const GemmOperands& at, std::size_t row_step) {
  const F32Tag d;
  const std::size_t w_stride = row_step * at.w_stride;
  F32 sums[kTokens][kTileRows];
  HWY_UNROLL(8)
  for (std::size_t t = 0; t < kTokens; ++t) {
    HWY_UNROLL(8)
    for (std::size_t r = 0; r < kTileRows; ++r) sums[t][r] = hn::Zero(d);
  }
  F32 w[kTileRows];
  F32 x[kTokens];
  std::size_t c = 0;
  for (; c + kLanes <= at.cols; c += kLanes) {
    HWY_UNROLL(8)
    for (std::size_t r = 0; r < kTileRows; ++r) w[r] = Weights::Load(at.w + r * w_stride, c);
    HWY_UNROLL(8)
    for (std::size_t t = 0; t < kTokens; ++t) x[t] = hn::LoadU(d, at.x + t * at.x_stride + c);
    Accumulate(w, x, sums);
  }
  if (const std::size_t rest = at.cols - c; rest > 0) {
    HWY_UNROLL(8)
    for (std::size_t r = 0; r < kTileRows; ++r) {
      w[r] = Weights::LoadFirst(at.w + r * w_stride, c, rest);
    }
    HWY_UNROLL(8)
    for (std::size_t t = 0; t < kTokens; ++t) x[t] = LoadFirst(d, at.x + t * at.x_stride + c, rest);
    Accumulate(w, x, sums);
  }
  HWY_UNROLL(8)
  for (std::size_t t = 0; t < kTokens; ++t) {
    float* out = at.out + t * at.out_stride;
    if constexpr (kTileRows == 4) {
      const F32x4 four = SumLanes4(sums[t][0], sums[t][1], sums[t][2], sums[t][3]);
      if (row_step == 1) {
        hn::StoreU(four, F32x4Tag(), out);
      } else {
        float lanes[4];
        hn::StoreU(four, F32x4Tag(), lanes);
        for (std::size_t r = 0; r < 4; ++r) out[r * row_step] = lanes[r];
      }
    } else {
      static_assert(kTileRows == 1);
      out[0] = SumLanes(sums[t][0]);
    }
  }
}

/// All rows times kTokens tokens. If `spread`, the rows of a tile are a quarter of all rows apart:
/// memory delivers four streams from different pages twice as fast as adjacent rows.
template <class Weights, std::size_t kTokens>
void GemmColumns(GemmOperands at, std::size_t rows, bool spread) {
  const auto advance = [&at](std::size_t by) {
    at.w += by * at.w_stride;
    at.out += by;
  };
  const std::size_t quarter = rows / kRows;
  const std::size_t row_step = spread ? quarter : 1;
  for (std::size_t i = 0; i < quarter; ++i) {
    GemmTile<Weights, kRows, kTokens>(at, row_step);
    advance(spread ? 1 : kRows);
  }
  if (spread) advance((kRows - 1) * quarter);
  for (std::size_t r = kRows * quarter; r < rows; ++r) {
    GemmTile<Weights, 1, kTokens>(at, 1);
    advance(1);
  }
}

template <class Weights>
void GemmColumnsOf(std::size_t tokens, const GemmOperands& at, std::size_t rows, bool spread) {
  switch (tokens) {
    case 1: return GemmColumns<Weights, 1>(at, rows, spread);
    case 2: return GemmColumns<Weights, 2>(at, rows, spread);
    case 3: return GemmColumns<Weights, 3>(at, rows, spread);
#if HWY_TARGET != HWY_AVX2 && !defined(FOVEA_SMALL_KERNELS)
    case 4: return GemmColumns<Weights, 4>(at, rows, spread);
    case 5: return GemmColumns<Weights, 5>(at, rows, spread);
    case 6: return GemmColumns<Weights, 6>(at, rows, spread);
#endif
  }
}

/// All rows times all tokens. The outer loop is over tokens: a few rows of x stay in the
/// first-level cache while w is read from farther away, only once if there are few tokens.
template <class Weights>
void GemmAll(GemmOperands at, std::size_t rows, std::size_t tokens) {
  const bool spread = tokens <= kTileTokens;
  for (std::size_t t = 0; t < tokens; t += kTileTokens) {
    GemmColumnsOf<Weights>(std::min(kTileTokens, tokens - t), at, rows, spread);
    at.x += kTileTokens * at.x_stride;
    at.out += kTileTokens * at.out_stride;
  }
}

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
