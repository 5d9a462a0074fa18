// Blocks of 32: the scale follows from the block's extremes, as in other GGUF tools, so that
// numbers decoded from their files are encoded to the same bytes again.
#include <algorithm>
#include <cmath>

#include "engine/quantize/encode_block.h"
#include "engine/tensor/dequantize.h"

namespace fovea {
namespace {

constexpr std::size_t kHalf = kSmallBlock / 2;

struct Range {
  float low;
  float high;
};

Range RangeOf(const float* values) {
  // Eight minimums and maximums at a time, which the compiler can keep in vectors.
  float low[8];
  float high[8];
  std::copy(values, values + 8, low);
  std::copy(values, values + 8, high);
  for (std::size_t i = 8; i < kSmallBlock; i += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) {
      const float value = values[i + lane];
      low[lane] = value < low[lane] ? value : low[lane];
      high[lane] = value > high[lane] ? value : high[lane];
    }
  }
  return {*std::min_element(low, low + 8), *std::max_element(high, high + 8)};
}

/// The value of the largest magnitude, the first of several.
float SignedPeak(const float* values) {
  const Range range = RangeOf(values);
  if (range.high != -range.low) return range.high > -range.low ? range.high : range.low;
  return *std::find_if(values, values + kSmallBlock,
                       [&](float value) { return std::abs(value) == range.high; });
}

/// A step between quants, as stored and for dividing by.
struct Step {
  std::uint16_t stored = 0;
  float inverse = 0.0F;
};

/// Where the step is a normal half float, numbers are divided by the exact step, as in other GGUF
/// tools. Subnormal half floats are coarse: there the step is rounded up and numbers are divided by
/// the stored value, so that no quant is out of range.
Step StepOf(float step) {
  if (step == 0.0F) return {};
  std::uint16_t stored = FloatToHalf(step);
  if (std::abs(step) >= 0x1p-14F) return {stored, 1.0F / step};
  if (std::abs(HalfToFloat(stored)) < std::abs(step)) ++stored;
  return {stored, 1.0F / HalfToFloat(stored)};
}

/// trunc(value * inverse + offset), at most `top`; the sum is not negative.
template <int kTop>
void QuantsOf(const float* values, float subtract, float inverse, float offset,
              std::uint8_t (&quants)[kSmallBlock]) {
  for (std::size_t i = 0; i < kSmallBlock; ++i) {
    const int quant = static_cast<int>((values[i] - subtract) * inverse + offset);
    quants[i] = static_cast<std::uint8_t>(quant < kTop ? quant : kTop);
  }
}

void PackNibbles(const std::uint8_t (&quants)[kSmallBlock], std::uint8_t (&nibbles)[kHalf]) {
  for (std::size_t i = 0; i < kHalf; ++i) {
    nibbles[i] = static_cast<std::uint8_t>((quants[i] & 15U) | ((quants[i + kHalf] & 15U) << 4U));
  }
}

void PackFifthBits(const std::uint8_t (&quants)[kSmallBlock], std::uint8_t (&high_bits)[4]) {
  std::fill(high_bits, high_bits + 4, std::uint8_t{0});
  for (std::size_t i = 0; i < kSmallBlock; ++i) {
    high_bits[i / 8] = static_cast<std::uint8_t>(high_bits[i / 8] | ((quants[i] >> 4U) << (i % 8)));
  }
}

}  // namespace

void EncodeBlock(const float* values, BlockQ8_0* block) {
  const Range range = RangeOf(values);
  const Step step = StepOf(std::max(range.high, -range.low) / 127.0F);
  block->scale = step.stored;
  // Adding and subtracting 1.5 * 2^23 leaves the nearest integer, even on a tie.
  constexpr float kRound = 12582912.0F;
  for (std::size_t i = 0; i < kSmallBlock; ++i) {
    const float quant = (values[i] * step.inverse + kRound) - kRound;
    block->quants[i] = static_cast<std::int8_t>(static_cast<int>(quant));
  }
}

void EncodeBlock(const float* values, BlockQ4_0* block) {
  const Step step = StepOf(SignedPeak(values) / -8.0F);
  block->scale = step.stored;
  std::uint8_t quants[kSmallBlock];
  QuantsOf<15>(values, 0.0F, step.inverse, 8.5F, quants);
  PackNibbles(quants, block->nibbles);
}

void EncodeBlock(const float* values, BlockQ5_0* block) {
  const Step step = StepOf(SignedPeak(values) / -16.0F);
  block->scale = step.stored;
  std::uint8_t quants[kSmallBlock];
  QuantsOf<31>(values, 0.0F, step.inverse, 16.5F, quants);
  PackNibbles(quants, block->nibbles);
  PackFifthBits(quants, block->high_bits);
}

void EncodeBlock(const float* values, BlockQ4_1* block) {
  const Range range = RangeOf(values);
  const Step step = StepOf((range.high - range.low) / 15.0F);
  block->scale = step.stored;
  block->minimum = FloatToHalf(range.low);
  std::uint8_t quants[kSmallBlock];
  QuantsOf<15>(values, range.low, step.inverse, 0.5F, quants);
  PackNibbles(quants, block->nibbles);
}

void EncodeBlock(const float* values, BlockQ5_1* block) {
  const Range range = RangeOf(values);
  const Step step = StepOf((range.high - range.low) / 31.0F);
  block->scale = step.stored;
  block->minimum = FloatToHalf(range.low);
  std::uint8_t quants[kSmallBlock];
  QuantsOf<31>(values, range.low, step.inverse, 0.5F, quants);
  PackNibbles(quants, block->nibbles);
  PackFifthBits(quants, block->high_bits);
}

}  // namespace fovea
