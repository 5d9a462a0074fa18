// The arguments of the attention kernels: plain memory, so that they know nothing of sessions. The
// algorithm is described in attend_tile.h.
#ifndef FOVEA_KERNELS_ATTENTION_ATTEND_ARGS_H_
#define FOVEA_KERNELS_ATTENTION_ATTEND_ARGS_H_

#include <cstddef>
#include <cstdint>

#include "engine/kernels/attention/kv_blocks.h"
#include "fovea/data_type.h"

namespace fovea::kernels {

/// Query rows of one tile at most.
inline constexpr std::size_t kMaxTileRows = 96;
/// Heads of a tile at most: as many as weight_heads has bits for.
inline constexpr std::size_t kMaxTileHeads = 48;
/// Keys that are multiplied together; 64 keys of head_dim 128 are 32 KiB of float32.
inline constexpr std::size_t kKeyTile = 64;
/// Keys of a KV split (split-KV): its softmax is computed independently and then merged with the
/// other splits. Decoding spreads the splits over threads.
inline constexpr std::size_t kKvSplit = 256;

/// Floats of one row's result over one split: maximum, sum, padding to a cache line, then the
/// weighted values.
inline constexpr std::size_t kPartialHeader = 16;
constexpr std::size_t PartialFloats(std::size_t value_dim) {
  return kPartialHeader + PaddedDim(value_dim);
}

/// Query rows of one or more heads that read the same keys, against these keys.
struct AttendTileArgs {
  std::size_t rows = 0;       ///< 1 … kMaxTileRows; row r is head r % heads of token r / heads.
  std::size_t heads = 1;      ///< Neighbouring query heads.
  std::size_t head_dim = 0;   ///< Width of query and key.
  std::size_t value_dim = 0;  ///< Width of value and output.
  const float* query =
      nullptr;  ///< Row r at query + (r / heads) * query_stride + (r % heads) * head_dim
  std::size_t query_stride = 0;
  /// Blocked keys and values have the layout of kv_blocks.h, the strides are bytes between blocks,
  /// and whole blocks may be read. Else they are float32, position j at j * stride.
  bool blocked = false;
  DataType key_type = DataType::kF32;
  DataType value_type = DataType::kF32;  ///< The same; or kQ8_0 beside keys of kF16.
  const std::byte* key = nullptr;
  std::size_t key_stride = 0;
  const std::byte* value = nullptr;
  std::size_t value_stride = 0;
  /// Row r attends to keys [key_begin[r], key_end[r]); both ascending in r. An empty range gives
  /// zeros.
  const std::size_t* key_begin = nullptr;
  const std::size_t* key_end = nullptr;
  const std::uint8_t* key_valid = nullptr;  ///< Null, or one byte per key: 0 hides it.
  float scale = 1.0F;
  float softcap = 0.0F;  ///< 0: none.
  /// Null, or what is added to scores after the softcap: to that of row r and key k the element
  /// bias_first + k - r / heads (a sum that may wrap around) of the row r % heads of `bias`, whose
  /// rows lie bias_stride floats apart. Elements of keys that no row attends to are never read.
  const float* bias = nullptr;
  std::size_t bias_stride = 0;
  std::size_t bias_first = 0;

  float* out = nullptr;  ///< Row r at out + (r / heads) * out_stride + (r % heads) * value_dim
  std::size_t out_stride = 0;
  float* log_sum_exp = nullptr;  ///< [rows]
  /// Not null: the ranges lie within one split, and instead of out and log_sum_exp row r writes
  /// PartialFloats(value_dim) floats at partial + r * partial_stride for attend_merge.
  float* partial = nullptr;
  std::size_t partial_stride = 0;

  /// Null, or normalised weights of the heads h whose bit is set in weight_heads: row r at weights
  /// + r * weights_stride; columns [0, key_count) are written, masked ones with 0. 64-byte aligned;
  /// the stride is a multiple of 16 and at least key_count. Other rows hold anything afterwards.
  float* weights = nullptr;
  float* scores =
      nullptr;  ///< Null, or scores at the same layout, masked ones -inf; needs weights.
  std::size_t weights_stride = 0;
  std::size_t key_count = 0;
  std::uint64_t weight_heads = ~std::uint64_t{0};
  float* split_max = nullptr;  ///< With weights: SplitMaxFloats(key_count) floats per row.

  float* scratch =
      nullptr;  ///< attend_scratch_floats(head_dim, value_dim) floats, 64-byte aligned.
};

/// Floats per row behind AttendTileArgs::split_max.
constexpr std::size_t SplitMaxFloats(std::size_t key_count) {
  return PaddedDim(key_count / kKvSplit + 1);
}

}  // namespace fovea::kernels

#endif  // FOVEA_KERNELS_ATTENTION_ATTEND_ARGS_H_
