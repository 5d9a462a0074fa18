// The attention tile on vectors; attend_tile.h says what it computes. Many rows share a tile of
// keys and values that is converted to float32 once; few rows (decoding) read the cache in place.
#include "engine/kernels/attention/attend_tile.h"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "engine/kernels/attention/attend_overrides.h"
#include "engine/kernels/dispatch/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/attention/attend_tile.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "engine/kernels/attention/attend_products-inl.h"
#include "engine/kernels/attention/attend_rows-inl.h"
#include "engine/kernels/attention/attend_stored-inl.h"
#include "engine/kernels/attention/attend_weights-inl.h"
#include "engine/kernels/elementwise/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

namespace {

/// Up to this many rows, converting keys and values as they are used costs less than doing it once.
constexpr std::size_t kDirectRows = 12;

/// Whether an extension of this target may override the products and the softmax.
constexpr bool kTakesOverrides = HWY_TARGET == HWY_NEON && FOVEA_KERNELS_SVE;

template <typename Element>
constexpr DataType kTypeOf = DataType::kF32;
template <>
inline constexpr DataType kTypeOf<hwy::float16_t> = DataType::kF16;
template <>
inline constexpr DataType kTypeOf<hwy::bfloat16_t> = DataType::kBF16;
template <>
inline constexpr DataType kTypeOf<std::int8_t> = DataType::kQ8_0;

/// Rows that are computed together.
struct RowBlock {
  std::size_t begin;
  std::size_t end;
};

/// Adds the row's bias to its scores of the columns [begin, end) of a split, which it attends to.
HWY_NOINLINE void AddBias(const AttendTileArgs& args, std::size_t row, std::size_t split,
                          std::size_t begin, std::size_t end, float* scores) {
  const std::size_t index = args.bias_first + split + begin - row / args.heads;
  const float* bias = args.bias + row % args.heads * args.bias_stride + index;
  Map([](F32 score, F32 added) HWY_ATTR { return hn::Add(score, added); }, end - begin,
      scores + begin, scores + begin, bias);
}

/// One call. The elements are those of stored keys and values; overrides may be null.
template <typename KeyElement, typename ValueElement>
class TileRun {
 public:
  explicit TileRun(const AttendTileArgs& args, const AttendOverrides* overrides)
      : args_(args),
        stored_(args),
        overrides_(overrides),
        scratch_(args.scratch, args.head_dim, args.value_dim),
        padded_(PaddedDim(args.value_dim)),
        direct_(args.blocked && (std::is_same_v<KeyElement, float> || args.rows <= kDirectRows)),
        blocks_((args.rows + kBlockRows - 1) / kBlockRows),
        score_tile_(HasOverrides() && direct_ && blocks_ == 1 ? kKvSplit : kKeyTile) {
    const F32 scale = hn::Set(F32Tag(), args.scale);
    for (std::size_t r = 0; r < args.rows; ++r) {
      const float* query =
          args.query + r / args.heads * args.query_stride + r % args.heads * args.head_dim;
      Map([scale](F32 x) HWY_ATTR { return hn::Mul(x, scale); }, args.head_dim,
          scratch_.queries + r * args.head_dim, query);
    }
  }

  void Run() {
    std::size_t begin = std::numeric_limits<std::size_t>::max();
    std::size_t end = 0;
    for (std::size_t r = 0; r < args_.rows; ++r) {
      if (args_.key_begin[r] >= args_.key_end[r]) continue;
      begin = std::min(begin, args_.key_begin[r]);
      end = std::max(end, args_.key_end[r]);
    }
    for (std::size_t split = begin / kKvSplit * kKvSplit; split < end; split += kKvSplit) {
      AttendKvSplit(split, std::max(begin, split), std::min(end, split + kKvSplit));
    }
    if (args_.partial != nullptr) {
      for (std::size_t r = 0; r < args_.rows; ++r) StorePartial(r);
    } else {
      for (std::size_t r = 0; r < args_.rows; ++r) FinishRow(r);
    }
  }

 private:
  using Stored = StoredKeysAndValues<KeyElement, ValueElement>;

  /// Rows are spread evenly over the blocks.
  RowBlock Block(std::size_t index) const {
    return {args_.rows * index / blocks_, args_.rows * (index + 1) / blocks_};
  }

  /// Keys [begin, end) of the split that starts at `first`.
  void AttendKvSplit(std::size_t first, std::size_t begin, std::size_t end) {
    split_begin_ = first;
    // Scores become numerators in place, in the map if one is wanted.
    const bool in_map = args_.weights != nullptr && !kScaledValues;
    scores_ = in_map ? args_.weights + first : scratch_.scores;
    stride_ = in_map ? args_.weights_stride : kKvSplit;
    valid_ = PaddingMask(begin, end);
    stored_.LoadScales(first, begin, end, scratch_);
    std::fill_n(scratch_.split_values, args_.rows * padded_, 0.0F);

    for (std::size_t tile = begin / score_tile_ * score_tile_; tile < end; tile += score_tile_) {
      if (direct_) {
        ScoreTile(stored_.Keys(tile), tile);
      } else {
        stored_.PackTileKeys(tile, std::max(begin, tile), std::min(end, tile + kKeyTile),
                             scratch_.tile);
        ScoreTile(TileView<float>{scratch_.tile, kKvBlock * args_.head_dim}, tile);
      }
    }
    for (std::size_t r = 0; r < args_.rows; ++r) SoftmaxRow(r);
    for (std::size_t tile = begin / kKeyTile * kKeyTile; tile < end; tile += kKeyTile) {
      if (direct_) {
        AddTile(stored_.Values(tile), tile);
      } else {
        stored_.PackTileValues(tile, std::max(begin, tile), std::min(end, tile + kKeyTile), padded_,
                               scratch_.tile);
        AddTile(TileView<float>{scratch_.tile, kKvBlock * padded_}, tile);
      }
    }
    for (std::size_t r = 0; r < args_.rows; ++r) {
      MergeKvSplit(split_[r], scratch_.split_values + r * padded_, padded_, &row_[r],
                   scratch_.row_values + r * padded_);
    }
  }

  /// The padding mask from the split's first key on, or null if it hides none of the keys
  /// [begin, end).
  const std::uint8_t* PaddingMask(std::size_t begin, std::size_t end) const {
    if (args_.key_valid == nullptr) return nullptr;
    const std::uint8_t* hidden = std::find(args_.key_valid + begin, args_.key_valid + end, 0);
    return hidden == args_.key_valid + end ? nullptr : args_.key_valid + split_begin_;
  }

  /// Of `count` keys from `first` on: the range of columns, counted from `first`, that the row
  /// attends to but for the padding mask.
  std::size_t ColumnBegin(std::size_t row, std::size_t first, std::size_t count = kKeyTile) const {
    return std::clamp(args_.key_begin[row], first, first + count) - first;
  }
  std::size_t ColumnEnd(std::size_t row, std::size_t first, std::size_t count = kKeyTile) const {
    return std::clamp(args_.key_end[row], first, first + count) - first;
  }

  /// Prefetches part `index` of blocks_ of the next stored tile while this one is multiplied.
  void PrefetchPart(const std::byte* tile, std::size_t stride, std::size_t index) const {
    if (!args_.blocked) return;
    constexpr std::size_t kLine = 64;
    const std::size_t lines = kKeyTile / kKvBlock * stride / kLine;
    const std::size_t end = lines * (index + 1) / blocks_;
    for (std::size_t line = lines * index / blocks_; line < end; ++line) {
      hwy::Prefetch(tile + line * kLine);
    }
  }

  template <typename Element>
  HWY_NOINLINE void ScoreTile(const TileView<Element>& keys, std::size_t first) {
    const std::size_t offset = first - split_begin_;
    const float* factors = kScaledKeys ? scratch_.key_scales + offset : nullptr;
    for (std::size_t b = 0; b < blocks_; ++b) {
      const RowBlock block = Block(b);
      if (!direct_) PrefetchPart(stored_.KeyBlock(first + kKeyTile), args_.key_stride, b);
      // Ranges ascend, so the block's range is from the first row's begin to the last row's end.
      const std::size_t begin = ColumnBegin(block.begin, first, score_tile_) / kKvBlock * kKvBlock;
      const std::size_t end = PaddedDim(ColumnEnd(block.end - 1, first, score_tile_));
      if (begin >= end) continue;
      if (HasOverrides()) {
        overrides_->score({.rows = block.end - block.begin,
                           .queries = scratch_.queries + block.begin * args_.head_dim,
                           .head_dim = args_.head_dim,
                           .type = kTypeOf<Element>,
                           .keys = keys.data,
                           .block_stride = keys.block_stride,
                           .key_factors = factors,
                           .begin = begin,
                           .end = end,
                           .scores = scores_ + block.begin * stride_ + offset,
                           .stride = stride_});
        continue;
      }
      WithRows(block.end - block.begin, [&](auto rows) HWY_ATTR {
        ScoreRows<decltype(rows)::value>(scratch_.queries + block.begin * args_.head_dim,
                                         args_.head_dim, keys, factors, begin, end,
                                         scores_ + block.begin * stride_ + offset, stride_);
      });
    }
  }

  void CapRow(float* scores, std::size_t count) {
    const F32 cap = hn::Set(F32Tag(), args_.softcap);
    Map([cap](F32 score) HWY_ATTR { return SoftcapOf(score, cap); }, count, scores, scores);
  }

  /// -inf for every column in the row's vectors that the row does not attend to.
  void MaskRow(float* scores, std::size_t begin, std::size_t end) {
    std::fill(scores + begin / kKvBlock * kKvBlock, scores + begin, kMinusInfinity);
    std::fill(scores + end, scores + PaddedDim(end), kMinusInfinity);
    if (valid_ == nullptr) return;
    for (std::size_t column = begin; column < end; ++column) {
      if (valid_[column] == 0) scores[column] = kMinusInfinity;
    }
  }

  /// Maximum and sum of the row's scores of this split. Replaces the scores by the factors of the
  /// values.
  void SoftmaxRow(std::size_t row) {
    const F32Tag d;
    split_[row] = RowSums();
    const std::size_t row_begin = ColumnBegin(row, split_begin_, kKvSplit);
    const std::size_t row_end = ColumnEnd(row, split_begin_, kKvSplit);
    if (row_begin >= row_end) return;
    float* scores = scores_ + row * stride_;
    const std::size_t begin = row_begin / kKvBlock * kKvBlock;
    const std::size_t end = PaddedDim(row_end);
    if (args_.softcap > 0.0F) CapRow(scores + begin, end - begin);
    if (args_.bias != nullptr) AddBias(args_, row, split_begin_, row_begin, row_end, scores);
    if (valid_ != nullptr || row_begin != begin || row_end != end) {
      MaskRow(scores, row_begin, row_end);
    }
    if (args_.scores != nullptr) {
      std::copy(scores + begin, scores + end,
                args_.scores + row * args_.weights_stride + split_begin_ + begin);
    }
    float* map = args_.weights == nullptr
                     ? nullptr
                     : args_.weights + row * args_.weights_stride + split_begin_;
    if (HasOverrides()) {
      const ScoreSums sums = overrides_->softmax(
          scores + begin, end - begin, kScaledValues ? scratch_.value_scales + begin : nullptr,
          kScaledValues && map != nullptr ? map + begin : nullptr);
      split_[row] = {sums.max, sums.sum};
      if (args_.weights != nullptr) SplitMaxima(args_, row)[split_begin_ / kKvSplit] = sums.max;
      return;
    }
    F32 largest = hn::Load(d, scores + begin);
    for (std::size_t i = begin + kLanes; i < end; i += kLanes) {
      largest = hn::Max(largest, hn::Load(d, scores + i));
    }
    // The maximum may miss a NaN, but the sum does not: the exponential of a NaN is NaN.
    const float max = hn::GetLane(hn::MaxOfLanes(d, largest));
    const F32 shift = hn::Set(d, Shift(max));
    F32 total = hn::Zero(d);
    if constexpr (kScaledValues) {
      for (std::size_t i = begin; i < end; i += kLanes) {
        const F32 numerator = ExpNonPositive(hn::Sub(hn::Load(d, scores + i), shift));
        if (map != nullptr) hn::Store(numerator, d, map + i);
        hn::Store(hn::Mul(numerator, hn::Load(d, scratch_.value_scales + i)), d, scores + i);
        total = hn::Add(total, numerator);
      }
    } else {
      for (std::size_t i = begin; i < end; i += kLanes) {
        const F32 numerator = ExpNonPositive(hn::Sub(hn::Load(d, scores + i), shift));
        hn::Store(numerator, d, scores + i);
        total = hn::Add(total, numerator);
      }
    }
    split_[row] = {max, SumLanes(total)};
    if (args_.weights != nullptr) SplitMaxima(args_, row)[split_begin_ / kKvSplit] = max;
  }

  /// Adds numerators times values. The columns that all rows of a block attend to are computed
  /// together, the others row by row: a row must not touch hidden values, which may be NaN.
  template <typename Element>
  void AddTile(const TileView<Element>& values, std::size_t first) {
    for (std::size_t b = 0; b < blocks_; ++b) {
      const RowBlock block = Block(b);
      if (!direct_) PrefetchPart(stored_.ValueBlock(first + kKeyTile), args_.value_stride, b);
      const std::size_t begin = ColumnBegin(block.end - 1, first);
      const std::size_t end = ColumnEnd(block.begin, first);
      const bool together = begin < end;
      for (std::size_t r = block.begin; r < block.end; ++r) {
        const std::size_t row_end = together ? begin : ColumnEnd(r, first);
        AddRows<1>(r, values, first, ColumnBegin(r, first), row_end);
      }
      if (!together) continue;
      WithRows(block.end - block.begin, [&](auto rows) HWY_ATTR {
        AddRows<decltype(rows)::value>(block.begin, values, first, begin, end);
      });
      for (std::size_t r = block.begin; r < block.end; ++r) {
        AddRows<1>(r, values, first, end, ColumnEnd(r, first));
      }
    }
  }

  /// The tile's columns [begin, end) for kRows rows.
  template <std::size_t kRows, typename Element>
  HWY_INLINE void AddRows(std::size_t row, const TileView<Element>& values, std::size_t first,
                          std::size_t begin, std::size_t end) {
    if (begin >= end) return;
    const std::size_t offset = first - split_begin_;
    if (HasOverrides()) {
      return overrides_->add_values({.rows = kRows,
                                     .numerators = scores_ + row * stride_ + offset,
                                     .stride = stride_,
                                     .type = kTypeOf<Element>,
                                     .values = values.data,
                                     .block_stride = values.block_stride,
                                     .padded = padded_,
                                     .begin = begin,
                                     .end = end,
                                     .valid = valid_ == nullptr ? nullptr : valid_ + offset,
                                     .sums = scratch_.split_values + row * padded_});
    }
    ValueRows<kRows, StepsFor(kRows, 1, 8)>(
        scores_ + row * stride_ + offset, stride_, values, padded_, begin, end,
        valid_ == nullptr ? nullptr : valid_ + offset, scratch_.split_values + row * padded_);
  }

  void StorePartial(std::size_t row) {
    float* partial = args_.partial + row * args_.partial_stride;
    partial[0] = row_[row].max;
    partial[1] = row_[row].sum;
    if (row_[row].SawNothing()) return;
    std::copy_n(scratch_.row_values + row * padded_, padded_, partial + kPartialHeader);
  }

  void FinishRow(std::size_t row) {
    float* out =
        args_.out + row / args_.heads * args_.out_stride + row % args_.heads * args_.value_dim;
    args_.log_sum_exp[row] = LogSumExp(row_[row]);
    if (row_[row].SawNothing()) {
      std::fill_n(out, args_.value_dim, 0.0F);
    } else {
      StoreOutput(scratch_.row_values + row * padded_, Inverse(row_[row]), args_.value_dim, out);
    }
    if (args_.weights != nullptr && (args_.weight_heads >> (row % args_.heads) & 1) != 0) {
      FinishWeights(args_, row, row_[row]);
    }
  }

  bool HasOverrides() const { return kTakesOverrides && overrides_ != nullptr; }

  static constexpr bool kScaledKeys = Stored::kScaledKeys;
  static constexpr bool kScaledValues = Stored::kScaledValues;

  const AttendTileArgs& args_;
  const Stored stored_;
  [[maybe_unused]] const AttendOverrides* const overrides_;
  const Scratch scratch_;
  const std::size_t padded_;  ///< Floats between rows of weighted values.
  const bool direct_;         ///< Reads keys and values where they are stored.
  const std::size_t blocks_;  ///< Of rows.
  /// Keys whose scores are computed together: if no other rows wait for them, a whole split.
  const std::size_t score_tile_;
  // Of the current split:
  std::size_t split_begin_ = 0;
  float* scores_ = nullptr;  ///< Column 0 of row 0.
  std::size_t stride_ = 0;   ///< Floats between rows of scores.
  const std::uint8_t* valid_ = nullptr;
  RowSums split_[kMaxTileRows];
  RowSums row_[kMaxTileRows];
};

}  // namespace

std::size_t AttendScratchFloats(std::size_t head_dim, std::size_t value_dim) {
  return Scratch::Floats(head_dim, value_dim);
}

namespace {

void Attend(const AttendTileArgs& args, const AttendOverrides* overrides) {
  using hwy::bfloat16_t;
  using hwy::float16_t;
  switch (args.key_type) {
    case DataType::kF16:
      if (args.value_type == DataType::kQ8_0) {
        return TileRun<float16_t, std::int8_t>(args, overrides).Run();
      }
      return TileRun<float16_t, float16_t>(args, overrides).Run();
    case DataType::kBF16: return TileRun<bfloat16_t, bfloat16_t>(args, overrides).Run();
    case DataType::kQ8_0: return TileRun<std::int8_t, std::int8_t>(args, overrides).Run();
    default: return TileRun<float, float>(args, overrides).Run();
  }
}

}  // namespace

void AttendTile(const AttendTileArgs& args) {
  Attend(args, nullptr);
}

#if HWY_TARGET == HWY_NEON && FOVEA_KERNELS_SVE
void AttendTileWith(const AttendOverrides& overrides, const AttendTileArgs& args) {
  Attend(args, &overrides);
}
#endif

float AttendMerge(float* partial, std::size_t splits, std::size_t stride, std::size_t value_dim,
                  float* out) {
  const std::size_t padded = PaddedDim(value_dim);
  RowSums row{partial[0], partial[1]};
  float* values = partial + kPartialHeader;
  for (std::size_t p = 1; p < splits; ++p) {
    const float* split = partial + p * stride;
    MergeKvSplit({split[0], split[1]}, split + kPartialHeader, padded, &row, values);
  }
  if (row.SawNothing()) {
    std::fill_n(out, value_dim, 0.0F);
  } else {
    StoreOutput(values, Inverse(row), value_dim, out);
  }
  return LogSumExp(row);
}

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
