#include "engine/tensor/dequantize.h"
#include "engine/tensor/dequantize_block.h"

namespace fovea {
namespace {

constexpr std::size_t kHalf = kSmallBlock / 2;

int Low(std::uint8_t byte) {
  return byte & 15;
}
int High(std::uint8_t byte) {
  return byte >> 4;
}

/// The fifth bit of element i, as 0 or 16.
int FifthBit(const std::uint8_t (&high_bits)[4], std::size_t i) {
  return ((high_bits[i / 8] >> (i % 8)) & 1) << 4;
}

}  // namespace

void DecodeBlock(const BlockQ8_0& block, float* out) {
  const float scale = HalfToFloat(block.scale);
  for (std::size_t i = 0; i < kSmallBlock; ++i)
    out[i] = static_cast<float>(block.quants[i]) * scale;
}

void DecodeBlock(const BlockQ4_0& block, float* out) {
  const float scale = HalfToFloat(block.scale);
  for (std::size_t i = 0; i < kHalf; ++i) {
    out[i] = static_cast<float>(Low(block.nibbles[i]) - 8) * scale;
    out[i + kHalf] = static_cast<float>(High(block.nibbles[i]) - 8) * scale;
  }
}

void DecodeBlock(const BlockQ4_1& block, float* out) {
  const float scale = HalfToFloat(block.scale);
  const float minimum = HalfToFloat(block.minimum);
  for (std::size_t i = 0; i < kHalf; ++i) {
    out[i] = static_cast<float>(Low(block.nibbles[i])) * scale + minimum;
    out[i + kHalf] = static_cast<float>(High(block.nibbles[i])) * scale + minimum;
  }
}

void DecodeBlock(const BlockQ5_0& block, float* out) {
  const float scale = HalfToFloat(block.scale);
  for (std::size_t i = 0; i < kHalf; ++i) {
    const int first = Low(block.nibbles[i]) | FifthBit(block.high_bits, i);
    const int second = High(block.nibbles[i]) | FifthBit(block.high_bits, i + kHalf);
    out[i] = static_cast<float>(first - 16) * scale;
    out[i + kHalf] = static_cast<float>(second - 16) * scale;
  }
}

void DecodeBlock(const BlockQ5_1& block, float* out) {
  const float scale = HalfToFloat(block.scale);
  const float minimum = HalfToFloat(block.minimum);
  for (std::size_t i = 0; i < kHalf; ++i) {
    const int first = Low(block.nibbles[i]) | FifthBit(block.high_bits, i);
    const int second = High(block.nibbles[i]) | FifthBit(block.high_bits, i + kHalf);
    out[i] = static_cast<float>(first) * scale + minimum;
    out[i + kHalf] = static_cast<float>(second) * scale + minimum;
  }
}

void DecodeBlock(const BlockIQ4_NL& block, float* out) {
  const float scale = HalfToFloat(block.scale);
  for (std::size_t i = 0; i < kHalf; ++i) {
    out[i] = scale * static_cast<float>(kIQ4NLValues[block.nibbles[i] & 15U]);
    out[i + kHalf] = scale * static_cast<float>(kIQ4NLValues[block.nibbles[i] >> 4U]);
  }
}

}  // namespace fovea
