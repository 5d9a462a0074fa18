// How cached keys and values lie in memory: one head's positions in blocks of 16. Within a block
// the keys are transposed, so that neighbouring lanes of a vector are neighbouring keys and scoring
// packs nothing; the values are rows. 8-bit integers carry one float scale per row, at the block's
// end.
#ifndef FOVEA_KERNELS_ATTENTION_KV_BLOCKS_H_
#define FOVEA_KERNELS_ATTENTION_KV_BLOCKS_H_

#include <cstddef>

#include "fovea/data_type.h"

namespace fovea::kernels {

/// Positions per block, whatever the vectors' width.
inline constexpr std::size_t kKvBlock = 16;

/// Whether the cache may hold elements of this type; kQ8_0 stands for 8-bit integers with one scale
/// per row (not for GGUF's blocks of 32).
constexpr bool IsKvType(DataType type) {
  return type == DataType::kF32 || type == DataType::kF16 || type == DataType::kBF16 ||
         type == DataType::kQ8_0;
}

/// Type of the keys in a cache of `type`. Rounding errors of a narrow key's few elements do not
/// average out in a score, and its scale takes much of what 8 bits save: such keys stay in half
/// precision.
inline constexpr std::size_t kMinInt8KeyDim = 32;
constexpr DataType KeyTypeOf(DataType type, std::size_t head_dim) {
  return type == DataType::kQ8_0 && head_dim < kMinInt8KeyDim ? DataType::kF16 : type;
}

constexpr std::size_t KvElementBytes(DataType type) {
  return type == DataType::kF32 ? 4 : type == DataType::kQ8_0 ? 1 : 2;
}

/// Width of a stored value row: whole vectors of any instruction set. The padding is 0.
constexpr std::size_t PaddedDim(std::size_t dim) {
  return (dim + 15) / 16 * 16;
}

/// Bytes before the scales of a block of [head_dim][16] elements, and of the whole block.
constexpr std::size_t KeyBlockElementBytes(DataType type, std::size_t head_dim) {
  return kKvBlock * head_dim * KvElementBytes(type);
}
constexpr std::size_t KvScaleBytes(DataType type) {
  return type == DataType::kQ8_0 ? kKvBlock * sizeof(float) : 0;
}
constexpr std::size_t KeyBlockBytes(DataType type, std::size_t head_dim) {
  return KeyBlockElementBytes(type, head_dim) + KvScaleBytes(type);
}

/// The same for a block of [16][PaddedDim(value_dim)] elements.
constexpr std::size_t ValueBlockElementBytes(DataType type, std::size_t value_dim) {
  return kKvBlock * PaddedDim(value_dim) * KvElementBytes(type);
}
constexpr std::size_t ValueBlockBytes(DataType type, std::size_t value_dim) {
  return ValueBlockElementBytes(type, value_dim) + KvScaleBytes(type);
}

}  // namespace fovea::kernels

#endif  // FOVEA_KERNELS_ATTENTION_KV_BLOCKS_H_
