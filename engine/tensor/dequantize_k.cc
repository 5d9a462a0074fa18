#include "engine/tensor/dequantize.h"
#include "engine/tensor/dequantize_block.h"

namespace fovea {
namespace {

constexpr std::size_t kRun = 32;         // elements that share one shift or nibble half
constexpr std::size_t kRunsPerHalf = 4;  // runs in 128 elements
constexpr std::size_t kRuns = kSuperBlock / kRun;

}  // namespace

void DecodeBlock(const BlockQ2_K& block, float* out) {
  const float scale = HalfToFloat(block.scale);
  const float min_scale = HalfToFloat(block.min_scale);
  for (std::size_t run = 0; run < kRuns; ++run) {
    const std::uint8_t* quants = block.quants + (run / kRunsPerHalf) * kRun;
    const std::size_t shift = 2 * (run % kRunsPerHalf);
    for (std::size_t i = 0; i < kRun; ++i) {
      const unsigned packed = block.scales[2 * run + i / 16];
      const float group_scale = scale * static_cast<float>(packed & 15U);
      const float group_min = min_scale * static_cast<float>(packed >> 4U);
      const unsigned quant = (quants[i] >> shift) & 3U;
      *out++ = group_scale * static_cast<float>(quant) - group_min;
    }
  }
}

void DecodeBlock(const BlockQ3_K& block, float* out) {
  const float scale = HalfToFloat(block.scale);
  std::uint8_t scales[16];
  UnpackScalesQ3K(block.scales, scales);
  for (std::size_t run = 0; run < kRuns; ++run) {
    const std::uint8_t* quants = block.quants + (run / kRunsPerHalf) * kRun;
    const std::size_t shift = 2 * (run % kRunsPerHalf);
    for (std::size_t i = 0; i < kRun; ++i) {
      const float group_scale = scale * static_cast<float>(scales[2 * run + i / 16] - 32);
      const int low = (quants[i] >> shift) & 3;
      const int offset = ((block.high_bits[i] >> run) & 1) != 0 ? 0 : 4;
      *out++ = group_scale * static_cast<float>(low - offset);
    }
  }
}

void DecodeBlock(const BlockQ4_K& block, float* out) {
  const float scale = HalfToFloat(block.scale);
  const float min_scale = HalfToFloat(block.min_scale);
  for (std::size_t run = 0; run < kRuns; ++run) {
    const ScaleMin group = UnpackScaleMinK(block.scales, run);
    const float group_scale = scale * static_cast<float>(group.scale);
    const float group_min = min_scale * static_cast<float>(group.minimum);
    const std::uint8_t* nibbles = block.nibbles + (run / 2) * kRun;
    const std::size_t shift = 4 * (run % 2);
    for (std::size_t i = 0; i < kRun; ++i) {
      const unsigned quant = (nibbles[i] >> shift) & 15U;
      *out++ = group_scale * static_cast<float>(quant) - group_min;
    }
  }
}

void DecodeBlock(const BlockQ5_K& block, float* out) {
  const float scale = HalfToFloat(block.scale);
  const float min_scale = HalfToFloat(block.min_scale);
  for (std::size_t run = 0; run < kRuns; ++run) {
    const ScaleMin group = UnpackScaleMinK(block.scales, run);
    const float group_scale = scale * static_cast<float>(group.scale);
    const float group_min = min_scale * static_cast<float>(group.minimum);
    const std::uint8_t* nibbles = block.nibbles + (run / 2) * kRun;
    const std::size_t shift = 4 * (run % 2);
    for (std::size_t i = 0; i < kRun; ++i) {
      const unsigned fifth = ((block.high_bits[i] >> run) & 1U) << 4U;
      const unsigned quant = ((nibbles[i] >> shift) & 15U) | fifth;
      *out++ = group_scale * static_cast<float>(quant) - group_min;
    }
  }
}

void DecodeBlock(const BlockQ6_K& block, float* out) {
  const float scale = HalfToFloat(block.scale);
  for (std::size_t run = 0; run < kRuns; ++run) {
    const std::size_t half = run / kRunsPerHalf;
    const std::size_t place = run % kRunsPerHalf;
    const std::uint8_t* nibbles = block.nibbles + half * 64 + (place % 2) * kRun;
    const std::uint8_t* high_bits = block.high_bits + half * kRun;
    const std::size_t shift = 4 * (place / 2);
    for (std::size_t i = 0; i < kRun; ++i) {
      const int low = (nibbles[i] >> shift) & 15;
      const int high = (high_bits[i] >> (2 * place)) & 3;
      const float group_scale = scale * static_cast<float>(block.scales[2 * run + i / 16]);
      *out++ = group_scale * static_cast<float>((low | (high << 4)) - 32);
    }
  }
}

}  // namespace fovea
