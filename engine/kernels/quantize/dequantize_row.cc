// Decoding of the float types and of the types with blocks of 32. Layouts: tensor/blocks.h.
#include "engine/kernels/dispatch/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/quantize/dequantize_row.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "engine/kernels/dispatch/kernel_functions.h"
#include "engine/kernels/quantize/blocks-inl.h"
#include "engine/kernels/quantize/dequantize_super_blocks.h"
#include "engine/kernels/quantize/halves-inl.h"
#include "engine/tensor/weight_types.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

namespace {

constexpr std::size_t kHalfBlock = kSmallBlock / 2;
static_assert(kHalfBlock % kLanes == 0);

/// Calls kDecode(block, out) for every block of 32.
template <typename Block, void (*kDecode)(const std::uint8_t* block, float* out)>
void ForEachBlock(const void* blocks, std::size_t elements, float* out) {
  const auto* bytes = static_cast<const std::uint8_t*>(blocks);
  for (std::size_t i = 0; i < elements; i += kSmallBlock) {
    kDecode(bytes, out + i);
    bytes += sizeof(Block);
  }
}

HWY_INLINE void DecodeQ8_0(const std::uint8_t* block, float* out) {
  const F32 scale = LoadHalfScale(block + offsetof(BlockQ8_0, scale));
  const auto* quants = reinterpret_cast<const std::int8_t*>(block + offsetof(BlockQ8_0, quants));
  for (std::size_t i = 0; i < kSmallBlock; i += kLanes) {
    StoreScaled(LoadSignedBytes(quants + i), scale, out + i);
  }
}

HWY_INLINE void DecodeQ4_0(const std::uint8_t* block, float* out) {
  const F32 scale = LoadHalfScale(block + offsetof(BlockQ4_0, scale));
  const I32 eight = hn::Set(I32Tag(), 8);
  for (std::size_t i = 0; i < kHalfBlock; i += kLanes) {
    const I32 bytes = LoadBytes(block + offsetof(BlockQ4_0, nibbles) + i);
    StoreScaled(hn::Sub(LowNibble(bytes), eight), scale, out + i);
    StoreScaled(hn::Sub(HighNibble(bytes), eight), scale, out + kHalfBlock + i);
  }
}

HWY_INLINE void DecodeQ4_1(const std::uint8_t* block, float* out) {
  const F32 scale = LoadHalfScale(block + offsetof(BlockQ4_1, scale));
  const F32 minimum = LoadHalfScale(block + offsetof(BlockQ4_1, minimum));
  for (std::size_t i = 0; i < kHalfBlock; i += kLanes) {
    const I32 bytes = LoadBytes(block + offsetof(BlockQ4_1, nibbles) + i);
    StoreScaled(LowNibble(bytes), scale, minimum, out + i);
    StoreScaled(HighNibble(bytes), scale, minimum, out + kHalfBlock + i);
  }
}

/// The fifth bits of elements first … first + kLanes, as 0 or 16.
HWY_INLINE I32 FifthBits(const std::uint8_t* high_bits, std::size_t first) {
  std::uint32_t word = 0;
  std::memcpy(&word, high_bits, sizeof(word));
  const hn::Rebind<std::uint32_t, F32Tag> d;
  const auto place = hn::Iota(d, static_cast<std::uint32_t>(first));
  const auto bit = hn::And(hn::Shr(hn::Set(d, word), place), hn::Set(d, 1U));
  return hn::BitCast(I32Tag(), hn::ShiftLeft<4>(bit));
}

HWY_INLINE void DecodeQ5_0(const std::uint8_t* block, float* out) {
  const F32 scale = LoadHalfScale(block + offsetof(BlockQ5_0, scale));
  const std::uint8_t* high_bits = block + offsetof(BlockQ5_0, high_bits);
  const I32 sixteen = hn::Set(I32Tag(), 16);
  for (std::size_t i = 0; i < kHalfBlock; i += kLanes) {
    const I32 bytes = LoadBytes(block + offsetof(BlockQ5_0, nibbles) + i);
    const I32 low = hn::Or(LowNibble(bytes), FifthBits(high_bits, i));
    const I32 high = hn::Or(HighNibble(bytes), FifthBits(high_bits, i + kHalfBlock));
    StoreScaled(hn::Sub(low, sixteen), scale, out + i);
    StoreScaled(hn::Sub(high, sixteen), scale, out + kHalfBlock + i);
  }
}

HWY_INLINE void DecodeQ5_1(const std::uint8_t* block, float* out) {
  const F32 scale = LoadHalfScale(block + offsetof(BlockQ5_1, scale));
  const F32 minimum = LoadHalfScale(block + offsetof(BlockQ5_1, minimum));
  const std::uint8_t* high_bits = block + offsetof(BlockQ5_1, high_bits);
  for (std::size_t i = 0; i < kHalfBlock; i += kLanes) {
    const I32 bytes = LoadBytes(block + offsetof(BlockQ5_1, nibbles) + i);
    const I32 low = hn::Or(LowNibble(bytes), FifthBits(high_bits, i));
    const I32 high = hn::Or(HighNibble(bytes), FifthBits(high_bits, i + kHalfBlock));
    StoreScaled(low, scale, minimum, out + i);
    StoreScaled(high, scale, minimum, out + kHalfBlock + i);
  }
}

HWY_INLINE void DecodeIQ4_NL(const std::uint8_t* block, float* out) {
  std::int8_t quants[kSmallBlock];
  LookUpLevels(block + offsetof(BlockIQ4_NL, nibbles), quants);
  const F32 scale = LoadHalfScale(block + offsetof(BlockIQ4_NL, scale));
  for (std::size_t i = 0; i < kSmallBlock; i += kLanes) {
    StoreScaled(LoadSignedBytes(quants + i), scale, out + i);
  }
}

template <class Widen>
void DecodeHalves(const void* data, std::size_t elements, float* out) {
  const F32Tag d;
  const auto* from = static_cast<const std::uint8_t*>(data);
  std::size_t i = 0;
  for (; i + kLanes <= elements; i += kLanes) hn::StoreU(Widen::Load(from + 2 * i), d, out + i);
  if (i == elements) return;
  const std::size_t rest = elements - i;
  StoreFirst(d, LoadFirstHalves<Widen>(from + 2 * i, rest), rest, out + i);
}

}  // namespace

void DequantizeRow(DataType type, const void* blocks, std::size_t elements, float* out) {
  switch (type) {
    case DataType::kF32:
      if (elements != 0) std::memcpy(out, blocks, elements * sizeof(float));
      return;
    case DataType::kF16: return DecodeHalves<WidenF16>(blocks, elements, out);
    case DataType::kBF16: return DecodeHalves<WidenBF16>(blocks, elements, out);
#define FOVEA_CASE(name, ...) \
  case DataType::k##name: return ForEachBlock<Block##name, Decode##name>(blocks, elements, out);
      FOVEA_EACH_SMALL_BLOCK_TYPE(FOVEA_CASE)
#undef FOVEA_CASE
    default: return DequantizeSuperBlocks(type, blocks, elements, out);
  }
}

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
