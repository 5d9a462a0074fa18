// The state of each row of the attention tile, a running softmax over the splits of its keys, and
// the scratch memory of a call. Compiled once per target.
#if defined(FOVEA_KERNELS_ATTEND_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_ATTEND_ROWS_INL_H_
#undef FOVEA_KERNELS_ATTEND_ROWS_INL_H_
#else
#define FOVEA_KERNELS_ATTEND_ROWS_INL_H_
#endif

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "engine/kernels/attention/attend_tile.h"
#include "engine/kernels/elementwise/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET
namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

/// Maximum and sum of a softmax over some keys; the weighted values are kept beside it.
struct RowSums {
  float max = kMinusInfinity;
  float sum = 0.0F;

  bool SawNothing() const { return max == kMinusInfinity && sum == 0.0F; }
};

/// What is subtracted from scores: the maximum, or 0 while every score is -inf.
HWY_INLINE float Shift(float max) {
  return max == kMinusInfinity ? 0.0F : max;
}

HWY_INLINE float Exp(float x) {
  return hn::GetLane(ExpNonPositive(hn::Set(F32Tag(), x)));
}

/// Merges a finished split into the row's results so far. values: [padded]
HWY_INLINE void MergeKvSplit(const RowSums& split, const float* split_values, std::size_t padded,
                             RowSums* row, float* values) {
  const F32Tag d;
  if (split.SawNothing()) return;
  if (row->SawNothing()) {
    *row = split;
    std::copy_n(split_values, padded, values);
    return;
  }
  const float max = split.max > row->max ? split.max : row->max;
  const float old_factor = Exp(row->max - Shift(max));
  const float split_factor = Exp(split.max - Shift(max));
  row->max = max;
  row->sum = row->sum * old_factor + split.sum * split_factor;
  const F32 old_factors = hn::Set(d, old_factor);
  const F32 split_factors = hn::Set(d, split_factor);
  for (std::size_t i = 0; i < padded; i += kLanes) {
    const F32 scaled = hn::Mul(hn::Load(d, values + i), old_factors);
    hn::Store(hn::MulAdd(hn::Load(d, split_values + i), split_factors, scaled), d, values + i);
  }
}

HWY_INLINE float LogSumExp(const RowSums& row) {
  if (row.sum == 0.0F) return kMinusInfinity;
  return static_cast<float>(static_cast<double>(row.max) + std::log(static_cast<double>(row.sum)));
}

/// 1 / sum, or 0 for a row that attends to nothing.
HWY_INLINE float Inverse(const RowSums& row) {
  return row.sum == 0.0F ? 0.0F : 1.0F / row.sum;
}

/// out[i] = values[i] * inverse
HWY_INLINE void StoreOutput(const float* values, float inverse, std::size_t value_dim, float* out) {
  const F32 factor = hn::Set(F32Tag(), inverse);
  Map([factor](F32 x) HWY_ATTR { return hn::Mul(x, factor); }, value_dim, out, values);
}

/// The kernel's own memory; every array starts on a cache line.
struct Scratch {
  Scratch(float* memory, std::size_t head_dim, std::size_t value_dim)
      : queries(memory),
        tile(queries + PaddedDim(kMaxTileRows * head_dim)),
        scores(tile + kKeyTile * std::max(head_dim, PaddedDim(value_dim))),
        split_values(scores + kMaxTileRows * kKvSplit),
        row_values(split_values + kMaxTileRows * PaddedDim(value_dim)),
        key_scales(row_values + kMaxTileRows * PaddedDim(value_dim)),
        value_scales(key_scales + kKvSplit) {}

  static std::size_t Floats(std::size_t head_dim, std::size_t value_dim) {
    return PaddedDim(kMaxTileRows * head_dim) +
           kKeyTile * std::max(head_dim, PaddedDim(value_dim)) +
           2 * kMaxTileRows * PaddedDim(value_dim) + (kMaxTileRows + 2) * kKvSplit;
  }

  float* queries;  ///< [rows, head_dim], times the scale.
  float* tile;     ///< Key blocks [4][head_dim][16], or values [kKeyTile, PaddedDim(value_dim)].
  float* scores;   ///< [rows, kKvSplit], then what values are multiplied by.
  float* split_values;  ///< [rows, PaddedDim(value_dim)]: weighted values of this split.
  float* row_values;    ///< The same of the splits before it.
  float* key_scales;    ///< [kKvSplit]
  float* value_scales;  ///< [kKvSplit]
};

}  // namespace
#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
