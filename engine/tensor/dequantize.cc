#include "engine/tensor/dequantize.h"

#include <bit>
#include <cstring>
#include <limits>

#include "engine/tensor/dequantize_block.h"

namespace fovea {
namespace {

/// Copies each block out first: a row may lie at any address.
template <typename Block, std::size_t kElements>
void DecodeBlocks(const std::byte* bytes, std::size_t elements, float* out) {
  for (std::size_t i = 0; i < elements; i += kElements) {
    Block block;
    std::memcpy(&block, bytes, sizeof(Block));
    DecodeBlock(block, out + i);
    bytes += sizeof(Block);
  }
}

template <float (*Convert)(std::uint16_t)>
void DecodeShorts(const std::byte* bytes, std::size_t elements, float* out) {
  for (std::size_t i = 0; i < elements; ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, bytes + i * sizeof(bits), sizeof(bits));
    out[i] = Convert(bits);
  }
}

}  // namespace

void Dequantize(DataType type, const void* blocks, std::size_t elements, float* out) {
  const auto* bytes = static_cast<const std::byte*>(blocks);
  switch (type) {
    case DataType::kF32:
      if (elements != 0) std::memcpy(out, bytes, elements * sizeof(float));
      return;
    case DataType::kF16: return DecodeShorts<HalfToFloat>(bytes, elements, out);
    case DataType::kBF16: return DecodeShorts<BFloat16ToFloat>(bytes, elements, out);
    case DataType::kQ4_0: return DecodeBlocks<BlockQ4_0, kSmallBlock>(bytes, elements, out);
    case DataType::kQ4_1: return DecodeBlocks<BlockQ4_1, kSmallBlock>(bytes, elements, out);
    case DataType::kQ5_0: return DecodeBlocks<BlockQ5_0, kSmallBlock>(bytes, elements, out);
    case DataType::kQ5_1: return DecodeBlocks<BlockQ5_1, kSmallBlock>(bytes, elements, out);
    case DataType::kQ8_0: return DecodeBlocks<BlockQ8_0, kSmallBlock>(bytes, elements, out);
    case DataType::kQ2_K: return DecodeBlocks<BlockQ2_K, kSuperBlock>(bytes, elements, out);
    case DataType::kQ3_K: return DecodeBlocks<BlockQ3_K, kSuperBlock>(bytes, elements, out);
    case DataType::kQ4_K: return DecodeBlocks<BlockQ4_K, kSuperBlock>(bytes, elements, out);
    case DataType::kQ5_K: return DecodeBlocks<BlockQ5_K, kSuperBlock>(bytes, elements, out);
    case DataType::kQ6_K: return DecodeBlocks<BlockQ6_K, kSuperBlock>(bytes, elements, out);
    case DataType::kIQ4_NL: return DecodeBlocks<BlockIQ4_NL, kSmallBlock>(bytes, elements, out);
  }
}

std::size_t RowBytes(DataType type, std::size_t elements) {
  const std::size_t block = BlockElements(type);
  if (block == 0 || elements % block != 0) return 0;
  const std::size_t blocks = elements / block;
  if (blocks > std::numeric_limits<std::size_t>::max() / BlockBytes(type)) return 0;
  return blocks * BlockBytes(type);
}

}  // namespace fovea
