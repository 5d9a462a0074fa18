// The attention tile on vectors. Per tile of keys: the keys are transposed, so that lanes are keys
// and a score is one chain of multiply-adds over the width whatever the tile's shape; a softmax
// step per row; then weights times values, where lanes are value columns and each element is one
// chain over the keys.
#include "engine/kernels/attend_tile.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "engine/kernels/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/attend_tile.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "engine/kernels/attend_pack-inl.h"
#include "engine/kernels/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();
constexpr std::size_t kTileVectors = kKeyTile / kLanes;
/// Rows and vectors whose sums are kept in registers at once: 16 of 32 registers, 8 of AVX2's 16.
constexpr std::size_t kBlockRows = 4;
constexpr std::size_t kBlockVectors = HWY_TARGET == HWY_AVX2 ? 2 : 4;
/// The same for a row that is computed alone.
constexpr std::size_t kSingleVectors = 8;

std::size_t PaddedDim(std::size_t dim) {
  return (dim + 15) / 16 * 16;
}

/// The kernel's own memory; every array starts on a cache line.
struct Scratch {
  Scratch(float* memory, std::size_t head_dim, std::size_t value_dim)
      : keys(memory),
        values(keys + head_dim * kKeyTile),
        scores(values + kKeyTile * PaddedDim(value_dim)),
        sums(scores + kMaxTileQueries * kKeyTile) {}

  float* keys;    ///< [head_dim, kKeyTile], transposed.
  float* values;  ///< [kKeyTile, PaddedDim(value_dim)]
  float* scores;  ///< [kMaxTileQueries, kKeyTile], then softmax numerators.
  float* sums;    ///< [kMaxTileQueries, PaddedDim(value_dim)]: weighted values so far.
};

/// scores[row, vectors] = scale * query[row] · keys, for a block of rows and key vectors.
template <std::size_t kRows, std::size_t kVectors>
HWY_INLINE void ScoreBlock(const AttendTileArgs& args, std::size_t row, std::size_t column,
                           const float* keys, float* scores) {
  const F32Tag d;
  F32 sums[kRows][kVectors];
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t v = 0; v < kVectors; ++v) sums[r][v] = hn::Zero(d);
  }
  const float* query = args.query + row * args.query_stride;
  const float* key = keys + column;
  for (std::size_t i = 0; i < args.head_dim; ++i, key += kKeyTile) {
    F32 k[kVectors];
    for (std::size_t v = 0; v < kVectors; ++v) k[v] = hn::Load(d, key + v * kLanes);
    for (std::size_t r = 0; r < kRows; ++r) {
      const F32 q = hn::Set(d, query[r * args.query_stride + i]);
      for (std::size_t v = 0; v < kVectors; ++v) sums[r][v] = hn::MulAdd(q, k[v], sums[r][v]);
    }
  }
  const F32 scale = hn::Set(d, args.scale);
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      hn::Store(hn::Mul(sums[r][v], scale), d, scores + (row + r) * kKeyTile + column + v * kLanes);
    }
  }
}

template <std::size_t kRows>
HWY_INLINE void ScoreRows(const AttendTileArgs& args, std::size_t row, std::size_t begin,
                          std::size_t end, const float* keys, float* scores) {
  constexpr std::size_t kMost = kRows == 1 ? std::min(kSingleVectors, kTileVectors) : kBlockVectors;
  std::size_t column = begin;
  for (; column + kMost * kLanes <= end; column += kMost * kLanes) {
    ScoreBlock<kRows, kMost>(args, row, column, keys, scores);
  }
  for (; column < end; column += kLanes) ScoreBlock<kRows, 1>(args, row, column, keys, scores);
}

/// sums[row, vectors] += Σ numerators[row, column] * value[column, vectors] over [begin, end).
template <std::size_t kRows, std::size_t kVectors, class Rows>
HWY_INLINE void ValueBlock(const float* numerators, const Rows& values, std::size_t first,
                           std::size_t begin, std::size_t end, const std::uint8_t* valid,
                           std::size_t i, std::size_t padded, float* sums) {
  const F32Tag d;
  F32 sum[kRows][kVectors];
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      sum[r][v] = hn::Load(d, sums + r * padded + i + v * kLanes);
    }
  }
  for (std::size_t column = begin; column < end; ++column) {
    if (valid != nullptr && valid[column] == 0) continue;
    F32 value[kVectors];
    for (std::size_t v = 0; v < kVectors; ++v)
      value[v] = values.Load(first + column, i + v * kLanes);
    for (std::size_t r = 0; r < kRows; ++r) {
      const F32 p = hn::Set(d, numerators[r * kKeyTile + column]);
      for (std::size_t v = 0; v < kVectors; ++v) sum[r][v] = hn::MulAdd(p, value[v], sum[r][v]);
    }
  }
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      hn::Store(sum[r][v], d, sums + r * padded + i + v * kLanes);
    }
  }
}

template <std::size_t kRows, class Rows>
HWY_INLINE void ValueRows(const float* numerators, const Rows& values, std::size_t first,
                          std::size_t begin, std::size_t end, const std::uint8_t* valid,
                          std::size_t dim, std::size_t padded, float* sums) {
  constexpr std::size_t kMost = kRows == 1 ? kSingleVectors : kBlockVectors;
  std::size_t i = 0;
  for (; i + kMost * kLanes <= dim; i += kMost * kLanes) {
    ValueBlock<kRows, kMost>(numerators, values, first, begin, end, valid, i, padded, sums);
  }
  if constexpr (kMost == 8) {
    for (; i + 4 * kLanes <= dim; i += 4 * kLanes) {
      ValueBlock<kRows, 4>(numerators, values, first, begin, end, valid, i, padded, sums);
    }
  }
  for (; i + 2 * kLanes <= dim; i += 2 * kLanes) {
    ValueBlock<kRows, 2>(numerators, values, first, begin, end, valid, i, padded, sums);
  }
  for (; i < dim; i += kLanes) {
    ValueBlock<kRows, 1>(numerators, values, first, begin, end, valid, i, padded, sums);
  }
}

/// One call: what is known of each row between key tiles.
class TileRun {
 public:
  explicit TileRun(const AttendTileArgs& args)
      : args_(args),
        scratch_(args.scratch, args.head_dim, args.value_dim),
        padded_(PaddedDim(args.value_dim)) {
    std::fill_n(max_, args.queries, kMinusInfinity);
    std::fill_n(sum_, args.queries, 0.0F);
    std::fill_n(scratch_.sums, args.queries * padded_, 0.0F);
  }

  template <class Rows>
  void Run() {
    std::size_t begin = std::numeric_limits<std::size_t>::max();
    std::size_t end = 0;
    for (std::size_t r = 0; r < args_.queries; ++r) {
      if (args_.key_begin[r] >= args_.key_end[r]) continue;
      begin = std::min(begin, args_.key_begin[r]);
      end = std::max(end, args_.key_end[r]);
    }
    if (begin < end) {
      for (std::size_t first = begin / kKeyTile * kKeyTile; first < end; first += kKeyTile) {
        AttendKeyTile<Rows>(first, std::max(begin, first), std::min(end, first + kKeyTile));
      }
    }
    for (std::size_t r = 0; r < args_.queries; ++r) FinishRow(r);
  }

 private:
  /// Keys [begin, end) of the tile that starts at `first`.
  template <class Rows>
  void AttendKeyTile(std::size_t first, std::size_t begin, std::size_t end) {
    // Ranges ascend, so the rows that see something of this tile are neighbours.
    std::size_t row_begin = 0;
    while (row_begin < args_.queries && args_.key_end[row_begin] <= first) ++row_begin;
    std::size_t row_end = row_begin;
    while (row_end < args_.queries && args_.key_begin[row_end] < first + kKeyTile) ++row_end;

    PackKeys(Rows{args_.key, args_.key_stride_bytes}, first, begin - first, end - first,
             args_.head_dim, scratch_.keys);
    const std::size_t column_begin = (begin - first) / kLanes * kLanes;
    const std::size_t column_end = (end - first + kLanes - 1) / kLanes * kLanes;
    std::size_t row = row_begin;
    for (; row + kBlockRows <= row_end; row += kBlockRows) {
      ScoreRows<kBlockRows>(args_, row, column_begin, column_end, scratch_.keys, scratch_.scores);
    }
    for (; row < row_end; ++row) {
      ScoreRows<1>(args_, row, column_begin, column_end, scratch_.keys, scratch_.scores);
    }
    const std::uint8_t* valid = Holes(first, begin, end);
    for (row = row_begin; row < row_end; ++row) {
      MaskRow(row, first, valid);
      StepRow(row);
    }

    // Values are taken as they lie where that is cheap, else converted once for all rows.
    const Rows values{args_.value, args_.value_stride_bytes};
    const bool whole_vectors = args_.value_dim % kLanes == 0;
    const bool converts = std::is_same_v<Rows, F16Rows>;
    if (whole_vectors && (!converts || row_end - row_begin < kBlockRows)) {
      AddValues(values, first, first, row_begin, row_end, valid);
    } else {
      PackValues(values, first, begin - first, end - first, args_.value_dim, padded_,
                 scratch_.values);
      const F32Rows packed{reinterpret_cast<const std::byte*>(scratch_.values),
                           padded_ * sizeof(float)};
      AddValues(packed, 0, first, row_begin, row_end, valid);
    }
  }

  /// The tile's flags, or null if none of its keys is hidden.
  const std::uint8_t* Holes(std::size_t first, std::size_t begin, std::size_t end) const {
    if (args_.key_valid == nullptr) return nullptr;
    const std::uint8_t* hole = std::find(args_.key_valid + begin, args_.key_valid + end, 0);
    return hole == args_.key_valid + end ? nullptr : args_.key_valid + first;
  }

  /// The columns of the tile that the row sees, holes aside.
  std::size_t ColumnBegin(std::size_t row, std::size_t first) const {
    return std::clamp(args_.key_begin[row], first, first + kKeyTile) - first;
  }
  std::size_t ColumnEnd(std::size_t row, std::size_t first) const {
    return std::clamp(args_.key_end[row], first, first + kKeyTile) - first;
  }

  /// Applies the softcap, and -inf to every column that the row does not see.
  void MaskRow(std::size_t row, std::size_t first, const std::uint8_t* valid) {
    const F32Tag d;
    float* scores = scratch_.scores + row * kKeyTile;
    const std::size_t begin = ColumnBegin(row, first);
    const std::size_t end = ColumnEnd(row, first);
    if (args_.softcap > 0.0F) {
      const F32 cap = hn::Set(d, args_.softcap);
      for (std::size_t c = begin / kLanes * kLanes; c < end; c += kLanes) {
        hn::Store(SoftcapOf(hn::Load(d, scores + c), cap), d, scores + c);
      }
    }
    std::fill(scores, scores + begin, kMinusInfinity);
    std::fill(scores + end, scores + kKeyTile, kMinusInfinity);
    if (valid != nullptr) {
      for (std::size_t c = begin; c < end; ++c) {
        if (valid[c] == 0) scores[c] = kMinusInfinity;
      }
    }
    if (args_.weights != nullptr && begin < end) {
      std::memcpy(args_.weights + row * args_.weights_stride + first + begin, scores + begin,
                  (end - begin) * sizeof(float));
    }
  }

  /// Takes the tile's scores into the row's maximum and sum, and leaves exp(score - maximum) in
  /// their place.
  void StepRow(std::size_t row) {
    const F32Tag d;
    float* scores = scratch_.scores + row * kKeyTile;
    F32 largest = hn::Load(d, scores);
    for (std::size_t v = 1; v < kTileVectors; ++v) {
      largest = hn::Max(largest, hn::Load(d, scores + v * kLanes));
    }
    const float tile_max = hn::GetLane(hn::MaxOfLanes(d, largest));
    // A NaN may get lost here, but not below: its own exponential is NaN and so is the sum.
    if (tile_max > max_[row]) {
      const F32 rescale = ExpNonPositive(hn::Set(d, max_[row] - tile_max));
      max_[row] = tile_max;
      sum_[row] *= hn::GetLane(rescale);
      float* sums = scratch_.sums + row * padded_;
      for (std::size_t i = 0; i < padded_; i += kLanes) {
        hn::Store(hn::Mul(hn::Load(d, sums + i), rescale), d, sums + i);
      }
    }
    const F32 max = hn::Set(d, Shift(row));
    F32 total = hn::Zero(d);
    for (std::size_t v = 0; v < kTileVectors; ++v) {
      const F32 numerator = ExpNonPositive(hn::Sub(hn::Load(d, scores + v * kLanes), max));
      hn::Store(numerator, d, scores + v * kLanes);
      total = hn::Add(total, numerator);
    }
    sum_[row] += SumLanes(total);
  }

  /// What is subtracted from scores: the maximum, or 0 while every score is -inf.
  float Shift(std::size_t row) const { return max_[row] == kMinusInfinity ? 0.0F : max_[row]; }

  /// Adds numerators times values. A row that sees the whole tile may share its loads with others;
  /// one that does not must not touch hidden values, which may be NaN.
  template <class Rows>
  void AddValues(const Rows& values, std::size_t values_first, std::size_t first,
                 std::size_t row_begin, std::size_t row_end, const std::uint8_t* valid) {
    const std::size_t dim = (args_.value_dim + kLanes - 1) / kLanes * kLanes;
    for (std::size_t row = row_begin; row < row_end;) {
      const float* numerators = scratch_.scores + row * kKeyTile;
      float* sums = scratch_.sums + row * padded_;
      const std::size_t last = row + kBlockRows - 1;
      if (last < row_end && ColumnBegin(last, first) == 0 && ColumnEnd(row, first) == kKeyTile) {
        ValueRows<kBlockRows>(numerators, values, values_first, 0, kKeyTile, valid, dim, padded_,
                              sums);
        row += kBlockRows;
      } else {
        ValueRows<1>(numerators, values, values_first, ColumnBegin(row, first),
                     ColumnEnd(row, first), valid, dim, padded_, sums);
        ++row;
      }
    }
  }

  /// Divides by the denominator, and turns kept scores into weights.
  void FinishRow(std::size_t row) {
    const F32Tag d;
    const bool sees_nothing = sum_[row] == 0.0F;
    args_.log_sum_exp[row] = sees_nothing
                                 ? kMinusInfinity
                                 : static_cast<float>(static_cast<double>(max_[row]) +
                                                      std::log(static_cast<double>(sum_[row])));
    const float inverse = sees_nothing ? 0.0F : 1.0F / sum_[row];
    const F32 factor = hn::Set(d, inverse);
    const float* sums = scratch_.sums + row * padded_;
    float* out = args_.out + row * args_.out_stride;
    std::size_t i = 0;
    for (; i + kLanes <= args_.value_dim; i += kLanes) {
      hn::StoreU(hn::Mul(hn::Load(d, sums + i), factor), d, out + i);
    }
    for (; i < args_.value_dim; ++i) out[i] = sums[i] * inverse;
    if (args_.weights != nullptr) FinishWeights(row, factor);
  }

  void FinishWeights(std::size_t row, F32 factor) {
    const F32Tag d;
    const std::size_t begin = std::min(args_.key_begin[row], args_.key_count);
    const std::size_t end = std::max(begin, args_.key_end[row]);
    float* weights = args_.weights + row * args_.weights_stride;
    if (args_.scores != nullptr) {
      float* scores = args_.scores + row * args_.weights_stride;
      std::fill(scores, scores + begin, kMinusInfinity);
      std::copy(weights + begin, weights + end, scores + begin);
      std::fill(scores + end, scores + args_.key_count, kMinusInfinity);
    }
    std::fill(weights, weights + begin, 0.0F);
    std::fill(weights + end, weights + args_.key_count, 0.0F);
    // The maximum rather than the log-sum-exp: the same number, but exact where scores are large.
    const F32 max = hn::Set(d, Shift(row));
    const F32 hidden = hn::Set(d, kMinusInfinity);
    const auto weight = [max, hidden, factor](F32 score) HWY_ATTR {
      const F32 normalised = hn::Mul(ExpNonPositive(hn::Sub(score, max)), factor);
      return hn::IfThenZeroElse(hn::Eq(score, hidden), normalised);
    };
    Map(weight, end - begin, weights + begin, weights + begin);
  }

  const AttendTileArgs& args_;
  const Scratch scratch_;
  const std::size_t padded_;  ///< Floats between rows of weighted values.
  float max_[kMaxTileQueries];
  float sum_[kMaxTileQueries];
};

}  // namespace

std::size_t AttendScratchFloats(std::size_t head_dim, std::size_t value_dim) {
  return head_dim * kKeyTile + (kKeyTile + kMaxTileQueries) * PaddedDim(value_dim) +
         kMaxTileQueries * kKeyTile;
}

void AttendTile(const AttendTileArgs& args) {
  TileRun run(args);
  if (args.kv_type == DataType::kF16) {
    run.Run<F16Rows>();
  } else {
    run.Run<F32Rows>();
  }
}

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
