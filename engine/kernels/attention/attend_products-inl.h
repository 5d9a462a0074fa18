// The two products of attention, queries times keys and weights times values, blocked in registers.
// The accumulation order of a row does not depend on the block that the row is computed in.
// Compiled once per target.
#if defined(FOVEA_KERNELS_ATTEND_PRODUCTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_ATTEND_PRODUCTS_INL_H_
#undef FOVEA_KERNELS_ATTEND_PRODUCTS_INL_H_
#else
#define FOVEA_KERNELS_ATTEND_PRODUCTS_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "engine/kernels/attention/attend_pack-inl.h"
#include "engine/kernels/simd/simd-inl.h"
#include "hwy/cache_control.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

/// Rows whose sums are kept in registers at once, at most.
#if defined(FOVEA_SMALL_KERNELS)  // CMake option; fewer shapes, each of them once
constexpr std::size_t kBlockRows = 2;
#define FOVEA_ROWS HWY_NOINLINE
#else
constexpr std::size_t kBlockRows = 6;
#define FOVEA_ROWS HWY_INLINE
#endif
/// Registers for sums: of 32, or of AVX2's 16.
constexpr std::size_t kSumRegisters = HWY_TARGET == HWY_AVX2 ? 12 : 24;
constexpr std::size_t kVectorsPerKvBlock = kKvBlock / kLanes;

/// The largest power of two up to `most` such that rows times that many (of `size` vectors) fit the
/// registers; at least 1.
constexpr std::size_t StepsFor(std::size_t rows, std::size_t size, std::size_t most) {
  std::size_t steps = most;
  while (steps > 1 && rows * steps * size > kSumRegisters) steps /= 2;
  return steps;
}

/// Stored keys or values of one tile.
template <typename Element>
struct TileView {
  const Element* data = nullptr;
  std::size_t block_stride = 0;  ///< Elements between blocks of 16 positions.
};

// Loops over rows and vectors are always unrolled, so that sums are kept in registers.

/// scores[r, 16 * kBlocks] = queries · keys for kRows rows. queries: [kRows, dim]; keys: blocks
/// from the first on; factors: null, or what each key's sum is multiplied by.
template <std::size_t kRows, std::size_t kBlocks, typename Element>
HWY_INLINE void ScoreBlock(const float* queries, std::size_t dim, const Element* keys,
                           std::size_t block_stride, const float* factors, float* scores,
                           std::size_t stride) {
  constexpr std::size_t kVectors = kBlocks * kVectorsPerKvBlock;
  const F32Tag d;
  F32 sums[kRows][kVectors];
  HWY_UNROLL(16)
  for (std::size_t r = 0; r < kRows; ++r) {
    HWY_UNROLL(16)
    for (std::size_t v = 0; v < kVectors; ++v) sums[r][v] = hn::Zero(d);
  }
  for (std::size_t i = 0; i < dim; ++i, keys += kKvBlock) {
    // With few rows the cache is read in place, and blocks are too short for the hardware
    // prefetcher to detect the stream.
    if (!std::is_same_v<Element, float> && i % (64 / (kKvBlock * sizeof(Element))) == 0) {
      for (std::size_t b = 0; b < kBlocks; ++b) {
        hwy::Prefetch(keys + (b + kKeyTile / kKvBlock) * block_stride);
      }
    }
    F32 key[kVectors];
    HWY_UNROLL(16)
    for (std::size_t v = 0; v < kVectors; ++v) {
      key[v] = LoadElements(keys + v / kVectorsPerKvBlock * block_stride +
                            v % kVectorsPerKvBlock * kLanes);
    }
    HWY_UNROLL(16)
    for (std::size_t r = 0; r < kRows; ++r) {
      const F32 q = hn::Set(d, queries[r * dim + i]);
      HWY_UNROLL(16)
      for (std::size_t v = 0; v < kVectors; ++v) sums[r][v] = hn::MulAdd(q, key[v], sums[r][v]);
    }
  }
  if (factors != nullptr) {
    HWY_UNROLL(16)
    for (std::size_t v = 0; v < kVectors; ++v) {
      const F32 factor = hn::Load(d, factors + v * kLanes);
      HWY_UNROLL(16)
      for (std::size_t r = 0; r < kRows; ++r) sums[r][v] = hn::Mul(sums[r][v], factor);
    }
  }
  HWY_UNROLL(16)
  for (std::size_t r = 0; r < kRows; ++r) {
    HWY_UNROLL(16)
    for (std::size_t v = 0; v < kVectors; ++v) {
      hn::Store(sums[r][v], d, scores + r * stride + v * kLanes);
    }
  }
}

/// The same for the columns [begin, end) of a tile, multiples of 16. factors and scores start at
/// column 0.
template <std::size_t kRows, typename Element>
FOVEA_ROWS void ScoreRows(const float* queries, std::size_t dim, const TileView<Element>& keys,
                          const float* factors, std::size_t begin, std::size_t end, float* scores,
                          std::size_t stride) {
  constexpr std::size_t kMaxColumns =
      StepsFor(kRows, kVectorsPerKvBlock, kKeyTile / kKvBlock) * kKvBlock;
  const auto block_of = [&](std::size_t column)
                            HWY_ATTR { return keys.data + column / kKvBlock * keys.block_stride; };
  std::size_t column = begin;
  for (; column + kMaxColumns <= end; column += kMaxColumns) {
    ScoreBlock<kRows, kMaxColumns / kKvBlock>(queries, dim, block_of(column), keys.block_stride,
                                              factors == nullptr ? nullptr : factors + column,
                                              scores + column, stride);
  }
  if constexpr (kMaxColumns > kKvBlock) {
    for (; column < end; column += kKvBlock) {
      ScoreBlock<kRows, 1>(queries, dim, block_of(column), keys.block_stride,
                           factors == nullptr ? nullptr : factors + column, scores + column,
                           stride);
    }
  }
}

/// sums[r, kVectors] += Σ numerators[r, column] * value[column, vectors] over the columns [begin,
/// end), but not those whose `valid` is 0. `values` begins at the wanted vectors of column 0; rows
/// of a block lie `padded` elements apart.
template <std::size_t kRows, std::size_t kVectors, typename Element>
HWY_INLINE void ValueBlock(const float* numerators, std::size_t stride,
                           const TileView<Element>& values, std::size_t padded, std::size_t begin,
                           std::size_t end, const std::uint8_t* valid, float* sums) {
  const F32Tag d;
  F32 sum[kRows][kVectors];
  HWY_UNROLL(16)
  for (std::size_t r = 0; r < kRows; ++r) {
    HWY_UNROLL(16)
    for (std::size_t v = 0; v < kVectors; ++v)
      sum[r][v] = hn::Load(d, sums + r * padded + v * kLanes);
  }
  for (std::size_t column = begin; column < end;) {
    const Element* row =
        values.data + column / kKvBlock * values.block_stride + column % kKvBlock * padded;
    const std::size_t block_end = std::min(end, (column / kKvBlock + 1) * kKvBlock);
    for (; column < block_end; ++column, row += padded) {
      if (valid != nullptr && valid[column] == 0) continue;
      if constexpr (!std::is_same_v<Element, float>) {
        for (std::size_t i = 0; i < kVectors * kLanes; i += 64 / sizeof(Element)) {
          hwy::Prefetch(row + i + kKeyTile / kKvBlock * values.block_stride);
        }
      }
      F32 value[kVectors];
      HWY_UNROLL(16)
      for (std::size_t v = 0; v < kVectors; ++v) value[v] = LoadElements(row + v * kLanes);
      HWY_UNROLL(16)
      for (std::size_t r = 0; r < kRows; ++r) {
        const F32 p = hn::Set(d, numerators[r * stride + column]);
        HWY_UNROLL(16)
        for (std::size_t v = 0; v < kVectors; ++v) sum[r][v] = hn::MulAdd(p, value[v], sum[r][v]);
      }
    }
  }
  HWY_UNROLL(16)
  for (std::size_t r = 0; r < kRows; ++r) {
    HWY_UNROLL(16)
    for (std::size_t v = 0; v < kVectors; ++v) {
      hn::Store(sum[r][v], d, sums + r * padded + v * kLanes);
    }
  }
}

/// The same for all vectors of the rows, from element i on, kVectors at once while that many are
/// left.
template <std::size_t kRows, std::size_t kVectors, typename Element>
FOVEA_ROWS void ValueRows(const float* numerators, std::size_t stride,
                          const TileView<Element>& values, std::size_t padded, std::size_t begin,
                          std::size_t end, const std::uint8_t* valid, float* sums,
                          std::size_t i = 0) {
  for (; i + kVectors * kLanes <= padded; i += kVectors * kLanes) {
    ValueBlock<kRows, kVectors>(numerators, stride,
                                TileView<Element>{values.data + i, values.block_stride}, padded,
                                begin, end, valid, sums + i);
  }
  if constexpr (kVectors > 1) {
    if (i < padded) {
      ValueRows<kRows, kVectors / 2>(numerators, stride, values, padded, begin, end, valid, sums,
                                     i);
    }
  }
}

/// Calls function(std::integral_constant<std::size_t, rows>()) for rows in 1 … kBlockRows.
template <typename Function>
HWY_INLINE void WithRows(std::size_t rows, const Function& function) {
#if defined(FOVEA_SMALL_KERNELS)
  static_assert(kBlockRows == 2);
  if (rows == 1) return function(std::integral_constant<std::size_t, 1>());
  return function(std::integral_constant<std::size_t, 2>());
#else
  static_assert(kBlockRows == 6);
  switch (rows) {
    case 1: return function(std::integral_constant<std::size_t, 1>());
    case 2: return function(std::integral_constant<std::size_t, 2>());
    case 3: return function(std::integral_constant<std::size_t, 3>());
    case 4: return function(std::integral_constant<std::size_t, 4>());
    case 5: return function(std::integral_constant<std::size_t, 5>());
    default: return function(std::integral_constant<std::size_t, 6>());
  }
#endif
}

#undef FOVEA_ROWS

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
