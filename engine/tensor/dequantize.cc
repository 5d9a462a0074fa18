#include "engine/tensor/dequantize.h"

#include <cstring>
#include <limits>

#include "engine/tensor/weight_group.h"

namespace fovea {
namespace {

/// A copy: a row may lie at any address.
template <typename Block>
Block CopyBlock(const std::byte* from) {
  Block block;
  std::memcpy(&block, from, sizeof(Block));
  return block;
}

void DecodeGroup(const WeightGroup& group, float* out) {
  for (std::size_t i = 0; i < kSmallBlock; ++i) {
    out[i] = static_cast<float>(group.quants[i]) * group.scale[2 * i / kSmallBlock];
  }
  if (!group.has_minimum) return;
  for (std::size_t i = 0; i < kSmallBlock; ++i) out[i] += group.minimum[2 * i / kSmallBlock];
}

template <typename Block, std::size_t kElements>
void DecodeBlocks(const std::byte* bytes, std::size_t elements, float* out) {
  for (std::size_t i = 0; i < elements; i += kElements, bytes += sizeof(Block)) {
    const auto block = CopyBlock<Block>(bytes);
    for (std::size_t g = 0; g < kElements / kSmallBlock; ++g) {
      WeightGroup group;
      ReadGroup(block, g, &group);
      DecodeGroup(group, out + i + g * kSmallBlock);
    }
  }
}

template <typename Block, std::size_t kElements>
WeightGroup ReadGroupAt(const std::byte* row, std::size_t index) {
  constexpr std::size_t kGroups = kElements / kSmallBlock;
  WeightGroup group;
  ReadGroup(CopyBlock<Block>(row + index / kGroups * sizeof(Block)), index % kGroups, &group);
  return group;
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
#define FOVEA_CASE(name, number, block_elements, ...) \
  case DataType::k##name: return DecodeBlocks<Block##name, block_elements>(bytes, elements, out);
      FOVEA_EACH_BLOCK_TYPE(FOVEA_CASE)
#undef FOVEA_CASE
  }
}

WeightGroup ReadRowGroup(DataType type, const std::byte* row, std::size_t group) {
  switch (type) {
#define FOVEA_CASE(name, number, elements, ...) \
  case DataType::k##name: return ReadGroupAt<Block##name, elements>(row, group);
    FOVEA_EACH_BLOCK_TYPE(FOVEA_CASE)
#undef FOVEA_CASE
    default: return {};
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
