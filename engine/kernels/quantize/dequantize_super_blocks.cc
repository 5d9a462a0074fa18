// Decoding of the types with blocks of 256. Layouts: tensor/blocks.h.
#include "engine/kernels/dispatch/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/quantize/dequantize_super_blocks.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "engine/kernels/quantize/blocks-inl.h"
#include "engine/kernels/quantize/dequantize_super_blocks.h"
#include "engine/tensor/weight_types.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

namespace {

constexpr std::size_t kRun = 32;         // elements that share one shift or nibble half
constexpr std::size_t kRunsPerHalf = 4;  // runs in 128 elements
constexpr std::size_t kRuns = kSuperBlock / kRun;
constexpr std::size_t kGroup = 16;  // elements that share a scale in Q2_K, Q3_K and Q6_K
static_assert(kGroup % kLanes == 0);

HWY_INLINE F32 Times(F32 scale, int factor) {
  return hn::Mul(scale, hn::Set(F32Tag(), static_cast<float>(factor)));
}

/// (byte >> shift) & mask in every lane.
HWY_INLINE I32 Bits(I32 bytes, std::size_t shift, int mask) {
  return hn::And(hn::ShiftRightSame(bytes, static_cast<int>(shift)), hn::Set(I32Tag(), mask));
}

/// out = q · scale - minimum, rounded twice: see blocks-inl.h.
HWY_INLINE void StoreLessMinimum(I32 quants, F32 scale, F32 minimum, float* out) {
  hn::StoreU(hn::Sub(hn::Mul(scale, ToFloat(quants)), minimum), F32Tag(), out);
}

HWY_INLINE void Decode(const BlockQ2_K& block, float* out) {
  const F32 scale = LoadHalfScale(&block.scale);
  const F32 min_scale = LoadHalfScale(&block.min_scale);
  for (std::size_t run = 0; run < kRuns; ++run) {
    const std::uint8_t* quants = block.quants + (run / kRunsPerHalf) * kRun;
    const std::size_t shift = 2 * (run % kRunsPerHalf);
    for (std::size_t g = 0; g < kRun; g += kGroup) {
      const int packed = block.scales[2 * run + g / kGroup];
      const F32 group_scale = Times(scale, packed & 15);
      const F32 group_min = Times(min_scale, packed >> 4);
      for (std::size_t i = g; i < g + kGroup; i += kLanes) {
        StoreLessMinimum(Bits(LoadBytes(quants + i), shift, 3), group_scale, group_min,
                         out + run * kRun + i);
      }
    }
  }
}

HWY_INLINE void Decode(const BlockQ3_K& block, float* out) {
  const F32 scale = LoadHalfScale(&block.scale);
  const I32 four = hn::Set(I32Tag(), 4);
  std::uint8_t scales[16];
  UnpackScalesQ3K(block.scales, scales);
  for (std::size_t run = 0; run < kRuns; ++run) {
    const std::uint8_t* quants = block.quants + (run / kRunsPerHalf) * kRun;
    const std::size_t shift = 2 * (run % kRunsPerHalf);
    for (std::size_t g = 0; g < kRun; g += kGroup) {
      const F32 group_scale = Times(scale, scales[2 * run + g / kGroup] - 32);
      for (std::size_t i = g; i < g + kGroup; i += kLanes) {
        const I32 low = Bits(LoadBytes(quants + i), shift, 3);
        const I32 high = Bits(LoadBytes(block.high_bits + i), run, 1);
        // low - (high ? 0 : 4)
        const I32 quant = hn::Sub(hn::Add(low, hn::ShiftLeft<2>(high)), four);
        StoreScaled(quant, group_scale, out + run * kRun + i);
      }
    }
  }
}

HWY_INLINE void Decode(const BlockQ4_K& block, float* out) {
  const F32 scale = LoadHalfScale(&block.scale);
  const F32 min_scale = LoadHalfScale(&block.min_scale);
  for (std::size_t run = 0; run < kRuns; ++run) {
    const ScaleMin group = UnpackScaleMinK(block.scales, run);
    const F32 group_scale = Times(scale, group.scale);
    const F32 group_min = Times(min_scale, group.minimum);
    const std::uint8_t* nibbles = block.nibbles + (run / 2) * kRun;
    for (std::size_t i = 0; i < kRun; i += kLanes) {
      const I32 quant = Bits(LoadBytes(nibbles + i), 4 * (run % 2), 15);
      StoreLessMinimum(quant, group_scale, group_min, out + run * kRun + i);
    }
  }
}

HWY_INLINE void Decode(const BlockQ5_K& block, float* out) {
  const F32 scale = LoadHalfScale(&block.scale);
  const F32 min_scale = LoadHalfScale(&block.min_scale);
  for (std::size_t run = 0; run < kRuns; ++run) {
    const ScaleMin group = UnpackScaleMinK(block.scales, run);
    const F32 group_scale = Times(scale, group.scale);
    const F32 group_min = Times(min_scale, group.minimum);
    const std::uint8_t* nibbles = block.nibbles + (run / 2) * kRun;
    for (std::size_t i = 0; i < kRun; i += kLanes) {
      const I32 low = Bits(LoadBytes(nibbles + i), 4 * (run % 2), 15);
      const I32 fifth = hn::ShiftLeft<4>(Bits(LoadBytes(block.high_bits + i), run, 1));
      StoreLessMinimum(hn::Or(low, fifth), group_scale, group_min, out + run * kRun + i);
    }
  }
}

HWY_INLINE void Decode(const BlockQ6_K& block, float* out) {
  const F32 scale = LoadHalfScale(&block.scale);
  const I32 offset = hn::Set(I32Tag(), 32);
  for (std::size_t run = 0; run < kRuns; ++run) {
    const std::size_t half = run / kRunsPerHalf;
    const std::size_t place = run % kRunsPerHalf;
    const std::uint8_t* nibbles = block.nibbles + half * 64 + (place % 2) * kRun;
    const std::uint8_t* high_bits = block.high_bits + half * kRun;
    for (std::size_t g = 0; g < kRun; g += kGroup) {
      const F32 group_scale = Times(scale, block.scales[2 * run + g / kGroup]);
      for (std::size_t i = g; i < g + kGroup; i += kLanes) {
        const I32 low = Bits(LoadBytes(nibbles + i), 4 * (place / 2), 15);
        const I32 high = hn::ShiftLeft<4>(Bits(LoadBytes(high_bits + i), 2 * place, 3));
        StoreScaled(hn::Sub(hn::Or(low, high), offset), group_scale, out + run * kRun + i);
      }
    }
  }
}

HWY_INLINE void Decode(const BlockIQ4_XS& block, float* out) {
  const F32 scale = LoadHalfScale(&block.scale);
  for (std::size_t run = 0; run < kRuns; ++run) {
    const F32 run_scale = Times(scale, UnpackScaleIQ4XS(block, run) - 32);
    std::int8_t quants[kRun];
    LookUpLevels(block.nibbles + run * (kRun / 2), quants);
    for (std::size_t i = 0; i < kRun; i += kLanes) {
      StoreScaled(LoadSignedBytes(quants + i), run_scale, out + run * kRun + i);
    }
  }
}

template <typename Block>
void DecodeAll(const void* blocks, std::size_t elements, float* out) {
  const auto* bytes = static_cast<const std::uint8_t*>(blocks);
  for (std::size_t i = 0; i < elements; i += kSuperBlock) {
    Block block;  // a copy, because a block may lie at any address
    std::memcpy(&block, bytes, sizeof(Block));
    Decode(block, out + i);
    bytes += sizeof(Block);
  }
}

}  // namespace

void DequantizeSuperBlocks(DataType type, const void* blocks, std::size_t elements, float* out) {
  switch (type) {
#define FOVEA_CASE(name, ...) \
  case DataType::k##name: return DecodeAll<Block##name>(blocks, elements, out);
    FOVEA_EACH_SUPER_BLOCK_TYPE(FOVEA_CASE)
#undef FOVEA_CASE
    default: return;
  }
}

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
