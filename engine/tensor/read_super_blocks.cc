// Types with blocks of 256: eight groups of 32.
#include "engine/tensor/dequantize.h"
#include "engine/tensor/weight_group.h"

namespace fovea {
namespace {

constexpr std::size_t kGroup = kSmallBlock;
constexpr std::size_t kGroupsPerHalf = 4;  // groups in 128 elements

/// Two bits of each quant of Q2_K and Q3_K: each half of 128 elements has 32 bytes, its groups take
/// bits 0–1, 2–3, 4–5 and 6–7 of them.
void ReadPairsOfBits(const std::uint8_t (&quants)[kSuperBlock / 4], std::size_t group,
                     WeightGroup* out) {
  const std::uint8_t* bytes = quants + group / kGroupsPerHalf * kGroup;
  const std::size_t shift = 2 * (group % kGroupsPerHalf);
  for (std::size_t i = 0; i < kGroup; ++i) out->quants[i] = (bytes[i] >> shift) & 3;
}

/// Scale, minimum and nibbles of a group of Q4_K or Q5_K.
template <class Block>
void ReadScaleMinimumAndNibbles(const Block& block, std::size_t group, WeightGroup* out) {
  const ScaleMin packed = UnpackScaleMinK(block.scales, group);
  out->SetScale(HalfToFloat(block.scale) * static_cast<float>(packed.scale));
  out->SetMinimum(-(HalfToFloat(block.min_scale) * static_cast<float>(packed.minimum)));
  const std::uint8_t* nibbles = block.nibbles + group / 2 * kGroup;
  const std::size_t shift = 4 * (group % 2);
  for (std::size_t i = 0; i < kGroup; ++i) out->quants[i] = (nibbles[i] >> shift) & 15;
}

}  // namespace

void ReadGroup(const BlockQ2_K& block, std::size_t group, WeightGroup* out) {
  const float scale = HalfToFloat(block.scale);
  const float min_scale = HalfToFloat(block.min_scale);
  for (std::size_t half = 0; half < 2; ++half) {
    const unsigned packed = block.scales[2 * group + half];
    out->scale[half] = scale * static_cast<float>(packed & 15U);
    out->minimum[half] = -(min_scale * static_cast<float>(packed >> 4U));
  }
  out->has_minimum = true;
  out->has_halves = true;
  ReadPairsOfBits(block.quants, group, out);
}

void ReadGroup(const BlockQ3_K& block, std::size_t group, WeightGroup* out) {
  const float scale = HalfToFloat(block.scale);
  std::uint8_t scales[16];
  UnpackScalesQ3K(block.scales, scales);
  for (std::size_t half = 0; half < 2; ++half) {
    out->scale[half] = scale * static_cast<float>(scales[2 * group + half] - 32);
  }
  out->has_halves = true;
  ReadPairsOfBits(block.quants, group, out);
  for (std::size_t i = 0; i < kGroup; ++i) {
    out->quants[i] -= ((block.high_bits[i] >> group) & 1) != 0 ? 0 : 4;
  }
}

void ReadGroup(const BlockQ4_K& block, std::size_t group, WeightGroup* out) {
  ReadScaleMinimumAndNibbles(block, group, out);
}

void ReadGroup(const BlockQ5_K& block, std::size_t group, WeightGroup* out) {
  ReadScaleMinimumAndNibbles(block, group, out);
  for (std::size_t i = 0; i < kGroup; ++i) {
    out->quants[i] += ((block.high_bits[i] >> group) & 1) << 4;
  }
}

void ReadGroup(const BlockQ6_K& block, std::size_t group, WeightGroup* out) {
  const float scale = HalfToFloat(block.scale);
  for (std::size_t half = 0; half < 2; ++half) {
    out->scale[half] = scale * static_cast<float>(block.scales[2 * group + half]);
  }
  out->has_halves = true;
  const std::size_t half = group / kGroupsPerHalf;
  const std::size_t place = group % kGroupsPerHalf;
  const std::uint8_t* nibbles = block.nibbles + half * 64 + place % 2 * kGroup;
  const std::uint8_t* high_bits = block.high_bits + half * kGroup;
  for (std::size_t i = 0; i < kGroup; ++i) {
    const int low = (nibbles[i] >> (place / 2 * 4)) & 15;
    const int high = (high_bits[i] >> (2 * place)) & 3;
    out->quants[i] = (low | (high << 4)) - 32;
  }
}

void ReadGroup(const BlockIQ4_XS& block, std::size_t group, WeightGroup* out) {
  out->SetScale(HalfToFloat(block.scale) * static_cast<float>(UnpackScaleIQ4XS(block, group) - 32));
  constexpr std::size_t kHalf = kGroup / 2;
  for (std::size_t i = 0; i < kHalf; ++i) {
    const std::uint8_t byte = block.nibbles[group * kHalf + i];
    out->quants[i] = kIQ4NLValues[byte & 15U];
    out->quants[i + kHalf] = kIQ4NLValues[byte >> 4U];
  }
}

}  // namespace fovea
