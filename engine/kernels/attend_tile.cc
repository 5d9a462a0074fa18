// The attention tile on vectors; attend_tile.h says what it computes. Many rows share a tile of
// keys and values that is converted to float32 once; few rows (decoding) read the cache as it lies.
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

#include "engine/kernels/attend_products-inl.h"
#include "engine/kernels/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();
/// Up to this many rows, converting keys and values as they are used costs less than doing it once.
constexpr std::size_t kDirectRows = 12;

/// Maximum and sum of a softmax over some keys; the weighted values are kept beside it.
struct RowSums {
  float max = kMinusInfinity;
  float sum = 0.0F;

  bool SawNothing() const { return max == kMinusInfinity && sum == 0.0F; }
};

/// What is subtracted from scores: the maximum, or 0 while every score is -inf.
float Shift(float max) {
  return max == kMinusInfinity ? 0.0F : max;
}

float Exp(float x) {
  return hn::GetLane(ExpNonPositive(hn::Set(F32Tag(), x)));
}

/// Takes a finished piece into what the row has so far. values: [padded]
void MergePiece(const RowSums& piece, const float* piece_values, std::size_t padded, RowSums* row,
                float* values) {
  const F32Tag d;
  if (piece.SawNothing()) return;
  if (row->SawNothing()) {
    *row = piece;
    std::copy_n(piece_values, padded, values);
    return;
  }
  const float max = piece.max > row->max ? piece.max : row->max;
  const float old_factor = Exp(row->max - Shift(max));
  const float piece_factor = Exp(piece.max - Shift(max));
  row->max = max;
  row->sum = row->sum * old_factor + piece.sum * piece_factor;
  const F32 old_factors = hn::Set(d, old_factor);
  const F32 piece_factors = hn::Set(d, piece_factor);
  for (std::size_t i = 0; i < padded; i += kLanes) {
    const F32 scaled = hn::Mul(hn::Load(d, values + i), old_factors);
    hn::Store(hn::MulAdd(hn::Load(d, piece_values + i), piece_factors, scaled), d, values + i);
  }
}

float LogSumExp(const RowSums& row) {
  if (row.sum == 0.0F) return kMinusInfinity;
  return static_cast<float>(static_cast<double>(row.max) + std::log(static_cast<double>(row.sum)));
}

/// 1 / sum, or 0 for a row that sees nothing.
float Inverse(const RowSums& row) {
  return row.sum == 0.0F ? 0.0F : 1.0F / row.sum;
}

/// out[i] = values[i] * inverse
void StoreOutput(const float* values, float inverse, std::size_t value_dim, float* out) {
  const F32 factor = hn::Set(F32Tag(), inverse);
  Map([factor](F32 x) HWY_ATTR { return hn::Mul(x, factor); }, value_dim, out, values);
}

/// The kernel's own memory; every array starts on a cache line.
struct Scratch {
  Scratch(float* memory, std::size_t head_dim, std::size_t value_dim)
      : queries(memory),
        keys(queries + PaddedDim(kMaxTileRows * head_dim)),
        values(keys + kKeyTile * head_dim),
        scores(values + kKeyTile * PaddedDim(value_dim)),
        piece_values(scores + kMaxTileRows * kKeyTile),
        row_values(piece_values + kMaxTileRows * PaddedDim(value_dim)),
        lane_sums(row_values + kMaxTileRows * PaddedDim(value_dim)),
        key_scales(lane_sums + kMaxTileRows * 16),
        value_scales(key_scales + kKeyTile) {}

  static std::size_t Floats(std::size_t head_dim, std::size_t value_dim) {
    return PaddedDim(kMaxTileRows * head_dim) + kKeyTile * head_dim +
           (kKeyTile + 2 * kMaxTileRows) * PaddedDim(value_dim) + kMaxTileRows * (kKeyTile + 16) +
           2 * kKeyTile;
  }

  float* queries;       ///< [rows, head_dim], times the scale.
  float* keys;          ///< [4][head_dim][16]: a tile's key blocks.
  float* values;        ///< [kKeyTile, PaddedDim(value_dim)]
  float* scores;        ///< [rows, kKeyTile], then what values are multiplied by.
  float* piece_values;  ///< [rows, PaddedDim(value_dim)]: weighted values of this piece.
  float* row_values;    ///< The same of the pieces before it.
  float* lane_sums;     ///< [rows, 16]
  float* key_scales;    ///< [kKeyTile]
  float* value_scales;  ///< [kKeyTile]
};

/// Rows that are computed together.
struct RowBlock {
  std::size_t begin;
  std::size_t end;
};

/// One call. Element is the type of stored keys and values.
template <typename Element>
class TileRun {
 public:
  explicit TileRun(const AttendTileArgs& args)
      : args_(args),
        scratch_(args.scratch, args.head_dim, args.value_dim),
        padded_(PaddedDim(args.value_dim)),
        direct_(args.blocked && (std::is_same_v<Element, float> || args.rows <= kDirectRows)),
        blocks_((args.rows + kBlockRows - 1) / kBlockRows) {
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
    for (std::size_t piece = begin / kKeyPiece * kKeyPiece; piece < end; piece += kKeyPiece) {
      StartPiece();
      const std::size_t piece_end = std::min(end, piece + kKeyPiece);
      for (std::size_t first = std::max(piece, begin / kKeyTile * kKeyTile); first < piece_end;
           first += kKeyTile) {
        AttendKeyTile(first, std::max(begin, first), std::min(end, first + kKeyTile));
      }
      FinishPiece();
    }
    if (args_.partial != nullptr) {
      for (std::size_t r = 0; r < args_.rows; ++r) StorePartial(r);
    } else {
      for (std::size_t r = 0; r < args_.rows; ++r) FinishRow(r);
    }
  }

 private:
  /// Rows are spread evenly over the blocks.
  RowBlock Block(std::size_t index) const {
    return {args_.rows * index / blocks_, args_.rows * (index + 1) / blocks_};
  }

  void StartPiece() {
    std::fill_n(piece_, args_.rows, RowSums());
    std::fill_n(scratch_.piece_values, args_.rows * padded_, 0.0F);
    std::fill_n(scratch_.lane_sums, args_.rows * kLanes, 0.0F);
  }

  void FinishPiece() {
    for (std::size_t r = 0; r < args_.rows; ++r) {
      piece_[r].sum = SumLanes(hn::Load(F32Tag(), scratch_.lane_sums + r * kLanes));
      MergePiece(piece_[r], scratch_.piece_values + r * padded_, padded_, &row_[r],
                 scratch_.row_values + r * padded_);
    }
  }

  /// Keys [begin, end) of the tile that starts at `first`.
  void AttendKeyTile(std::size_t first, std::size_t begin, std::size_t end) {
    const std::size_t column_begin = (begin - first) / kKvBlock * kKvBlock;
    const std::size_t column_end = PaddedDim(end - first);
    const std::uint8_t* valid = Holes(first, begin, end);
    LoadScales(first, column_begin, column_end);
    if (direct_) {
      AttendTileOf(StoredKeys(first), StoredValues(first), first, valid);
    } else {
      PackTile(first, begin - first, end - first);
      AttendTileOf(TileView<float>{scratch_.keys, kKvBlock * args_.head_dim},
                   TileView<float>{scratch_.values, kKvBlock * padded_}, first, valid);
    }
  }

  const std::byte* KeyBlockAt(std::size_t key) const {
    return args_.key + key / kKvBlock * args_.key_stride;
  }
  const std::byte* ValueBlockAt(std::size_t key) const {
    return args_.value + key / kKvBlock * args_.value_stride;
  }
  TileView<Element> StoredKeys(std::size_t first) const {
    return {reinterpret_cast<const Element*>(KeyBlockAt(first)),
            args_.key_stride / sizeof(Element)};
  }
  TileView<Element> StoredValues(std::size_t first) const {
    return {reinterpret_cast<const Element*>(ValueBlockAt(first)),
            args_.value_stride / sizeof(Element)};
  }

  /// The scales of 8-bit rows of the tile's columns [begin, end).
  void LoadScales(std::size_t first, std::size_t begin, std::size_t end) {
    if constexpr (!kScaled) return;
    for (std::size_t column = begin; column < end; column += kKvBlock) {
      const std::byte* keys = KeyBlockAt(first + column);
      const std::byte* values = ValueBlockAt(first + column);
      std::memcpy(scratch_.key_scales + column,
                  keys + KeyBlockElementBytes(args_.kv_type, args_.head_dim),
                  kKvBlock * sizeof(float));
      std::memcpy(scratch_.value_scales + column,
                  values + ValueBlockElementBytes(args_.kv_type, args_.value_dim),
                  kKvBlock * sizeof(float));
    }
  }

  /// Brings the columns [begin, end) of keys and values into scratch.
  void PackTile(std::size_t first, std::size_t begin, std::size_t end) {
    if (!args_.blocked) {
      PackKeys(args_.key, args_.key_stride, first, begin, end, args_.head_dim, scratch_.keys);
      PackValues(args_.value, args_.value_stride, first, begin, end, args_.value_dim, padded_,
                 scratch_.values);
      return;
    }
    const std::size_t key_block = kKvBlock * args_.head_dim;
    for (std::size_t block = begin / kKvBlock; block * kKvBlock < end; ++block) {
      const std::size_t column = block * kKvBlock;
      UnpackElements(reinterpret_cast<const Element*>(KeyBlockAt(first + column)), key_block,
                     scratch_.keys + block * key_block);
      // Values of positions that nobody has stored yet may be anything, but are not multiplied.
      UnpackElements(reinterpret_cast<const Element*>(ValueBlockAt(first + column)),
                     kKvBlock * padded_, scratch_.values + column * padded_);
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

  template <typename Stored>
  void AttendTileOf(const TileView<Stored>& keys, const TileView<Stored>& values, std::size_t first,
                    const std::uint8_t* valid) {
    // Scores become numerators in place, in the map if one is wanted.
    const bool in_map = args_.weights != nullptr && !kScaled;
    float* scores = in_map ? args_.weights + first : scratch_.scores;
    const std::size_t stride = in_map ? args_.weights_stride : kKeyTile;
    for (std::size_t b = 0; b < blocks_; ++b) {
      const RowBlock block = Block(b);
      // Ranges ascend, so the first row begins and the last one ends.
      const std::size_t begin = ColumnBegin(block.begin, first) / kKvBlock * kKvBlock;
      const std::size_t end = PaddedDim(ColumnEnd(block.end - 1, first));
      if (begin >= end) continue;
      const float* factors = kScaled ? scratch_.key_scales : nullptr;
      WithRows(block.end - block.begin, [&](auto rows) HWY_ATTR {
        ScoreRows<decltype(rows)::value>(scratch_.queries + block.begin * args_.head_dim,
                                         args_.head_dim, keys, factors, begin, end,
                                         scores + block.begin * stride, stride);
      });
      for (std::size_t r = block.begin; r < block.end; ++r) {
        float* row = scores + r * stride;
        const std::size_t row_begin = ColumnBegin(r, first);
        const std::size_t row_end = ColumnEnd(r, first);
        if (row_begin >= row_end) continue;
        if (args_.softcap > 0.0F) CapRow(row + begin, end - begin);
        if (valid != nullptr || row_begin % kKvBlock != 0 || row_end % kKvBlock != 0) {
          MaskRow(row, row_begin, row_end, valid);
        }
        StepRow(r, first, row, row_begin / kKvBlock * kKvBlock, PaddedDim(row_end));
      }
    }
    for (std::size_t b = 0; b < blocks_; ++b) {
      const RowBlock block = Block(b);
      AddValues(scores, stride, values, block, first, valid);
    }
  }

  void CapRow(float* scores, std::size_t count) {
    const F32 cap = hn::Set(F32Tag(), args_.softcap);
    Map([cap](F32 score) HWY_ATTR { return SoftcapOf(score, cap); }, count, scores, scores);
  }

  /// -inf for every column in the row's vectors that it does not see.
  void MaskRow(float* scores, std::size_t begin, std::size_t end, const std::uint8_t* valid) {
    std::fill(scores + begin / kKvBlock * kKvBlock, scores + begin, kMinusInfinity);
    std::fill(scores + end, scores + PaddedDim(end), kMinusInfinity);
    if (valid == nullptr) return;
    for (std::size_t column = begin; column < end; ++column) {
      if (valid[column] == 0) scores[column] = kMinusInfinity;
    }
  }

  /// Takes the scores of columns [begin, end), multiples of 16, into the row's maximum and sum, and
  /// leaves in their place what values are to be multiplied by.
  void StepRow(std::size_t row, std::size_t first, float* scores, std::size_t begin,
               std::size_t end) {
    const F32Tag d;
    if (args_.scores != nullptr) {
      std::copy(scores + begin, scores + end,
                args_.scores + row * args_.weights_stride + first + begin);
    }
    F32 largest = hn::Load(d, scores + begin);
    for (std::size_t i = begin + kLanes; i < end; i += kLanes) {
      largest = hn::Max(largest, hn::Load(d, scores + i));
    }
    const float tile_max = hn::GetLane(hn::MaxOfLanes(d, largest));
    float* lane_sums = scratch_.lane_sums + row * kLanes;
    F32 total = hn::Load(d, lane_sums);
    RowSums& piece = piece_[row];
    // A NaN may get lost here, but not below: its own exponential is NaN and so is the sum.
    if (tile_max > piece.max) {
      const F32 rescale = ExpNonPositive(hn::Set(d, piece.max - tile_max));
      piece.max = tile_max;
      total = hn::Mul(total, rescale);
      float* values = scratch_.piece_values + row * padded_;
      for (std::size_t i = 0; i < padded_; i += kLanes) {
        hn::Store(hn::Mul(hn::Load(d, values + i), rescale), d, values + i);
      }
    }
    const F32 shift = hn::Set(d, Shift(piece.max));
    if constexpr (kScaled) {
      float* map =
          args_.weights == nullptr ? nullptr : args_.weights + row * args_.weights_stride + first;
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
    hn::Store(total, d, lane_sums);
    if (args_.weights != nullptr) TileMaxOf(row)[first / kKeyTile] = piece.max;
  }

  float* TileMaxOf(std::size_t row) const {
    return args_.tile_max + row * TileMaxFloats(args_.key_count);
  }

  /// Adds numerators times values: what all rows of the block see, together; the rest row by row,
  /// for a row must not touch hidden values, which may be NaN.
  template <typename Stored>
  void AddValues(const float* numerators, std::size_t stride, const TileView<Stored>& values,
                 const RowBlock& block, std::size_t first, const std::uint8_t* valid) {
    const std::size_t begin = ColumnBegin(block.end - 1, first);
    const std::size_t end = ColumnEnd(block.begin, first);
    const bool together = begin < end;
    for (std::size_t r = block.begin; r < block.end; ++r) {
      const std::size_t row_begin = ColumnBegin(r, first);
      const std::size_t row_end = together ? begin : ColumnEnd(r, first);
      if (row_begin < row_end) {
        AddRowValues(r, numerators, stride, values, row_begin, row_end, valid);
      }
    }
    if (!together) return;
    WithRows(block.end - block.begin, [&](auto rows) HWY_ATTR {
      constexpr std::size_t kRows = decltype(rows)::value;
      ValueRows<kRows, StepsFor(kRows, 1, 8)>(numerators + block.begin * stride, stride, values,
                                              padded_, begin, end, valid,
                                              scratch_.piece_values + block.begin * padded_);
    });
    for (std::size_t r = block.begin; r < block.end; ++r) {
      const std::size_t row_end = ColumnEnd(r, first);
      if (end < row_end) AddRowValues(r, numerators, stride, values, end, row_end, valid);
    }
  }

  template <typename Stored>
  void AddRowValues(std::size_t row, const float* numerators, std::size_t stride,
                    const TileView<Stored>& values, std::size_t begin, std::size_t end,
                    const std::uint8_t* valid) {
    ValueRows<1, StepsFor(1, 1, 8)>(numerators + row * stride, stride, values, padded_, begin, end,
                                    valid, scratch_.piece_values + row * padded_);
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
      FinishWeights(row);
    }
  }

  /// Turns numerators, each relative to the maximum that its tile knew, into weights.
  void FinishWeights(std::size_t row) {
    const F32Tag d;
    const std::size_t begin = std::min(args_.key_begin[row], args_.key_count);
    const std::size_t end = std::max(begin, args_.key_end[row]);
    float* weights = args_.weights + row * args_.weights_stride;
    std::fill(weights, weights + begin, 0.0F);
    std::fill(weights + end, weights + args_.key_count, 0.0F);
    if (args_.scores != nullptr) {
      float* scores = args_.scores + row * args_.weights_stride;
      std::fill(scores, scores + begin, kMinusInfinity);
      std::fill(scores + end, scores + args_.key_count, kMinusInfinity);
    }
    if (begin == end) return;

    const std::size_t first_tile = begin / kKeyTile;
    const std::size_t last_tile = (end - 1) / kKeyTile;
    float* factors = TileMaxOf(row);
    const F32 max = hn::Set(d, Shift(row_[row].max));
    const F32 inverse = hn::Set(d, Inverse(row_[row]));
    for (std::size_t tile = first_tile / kLanes * kLanes; tile <= last_tile; tile += kLanes) {
      const F32 difference = hn::Sub(hn::Load(d, factors + tile), max);
      hn::Store(hn::Mul(ExpNonPositive(difference), inverse), d, factors + tile);
    }
    if (std::isnan(row_[row].sum)) return FinishNanWeights(weights, begin, end);
    for (std::size_t tile = first_tile; tile <= last_tile; ++tile) {
      const F32 factor = hn::Set(d, factors[tile]);
      const std::size_t tile_end = std::min(PaddedDim(end), (tile + 1) * kKeyTile);
      std::size_t i = std::max(begin / kKvBlock * kKvBlock, tile * kKeyTile);
      for (; i < tile_end; i += kLanes) {
        hn::Store(hn::Mul(hn::Load(d, weights + i), factor), d, weights + i);
      }
    }
  }

  /// A row of NaN, but for hidden keys.
  void FinishNanWeights(float* weights, std::size_t begin, std::size_t end) const {
    for (std::size_t key = begin; key < end; ++key) {
      const bool hidden = args_.key_valid != nullptr && args_.key_valid[key] == 0;
      weights[key] = hidden ? 0.0F : std::numeric_limits<float>::quiet_NaN();
    }
  }

  static constexpr bool kScaled = std::is_same_v<Element, std::int8_t>;

  const AttendTileArgs& args_;
  const Scratch scratch_;
  const std::size_t padded_;  ///< Floats between rows of weighted values.
  const bool direct_;         ///< Reads keys and values where they are stored.
  const std::size_t blocks_;  ///< Of rows.
  RowSums piece_[kMaxTileRows];
  RowSums row_[kMaxTileRows];
};

}  // namespace

std::size_t AttendScratchFloats(std::size_t head_dim, std::size_t value_dim) {
  return Scratch::Floats(head_dim, value_dim);
}

void AttendTile(const AttendTileArgs& args) {
  switch (args.kv_type) {
    case DataType::kF16: return TileRun<hwy::float16_t>(args).Run();
    case DataType::kBF16: return TileRun<hwy::bfloat16_t>(args).Run();
    case DataType::kQ8_0: return TileRun<std::int8_t>(args).Run();
    default: return TileRun<float>(args).Run();
  }
}

float AttendMerge(float* partial, std::size_t pieces, std::size_t stride, std::size_t value_dim,
                  float* out) {
  const std::size_t padded = PaddedDim(value_dim);
  RowSums row{partial[0], partial[1]};
  float* values = partial + kPartialHeader;
  for (std::size_t p = 1; p < pieces; ++p) {
    const float* piece = partial + p * stride;
    MergePiece({piece[0], piece[1]}, piece + kPartialHeader, padded, &row, values);
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
