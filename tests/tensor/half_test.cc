// Conversions of 16-bit floats, over all their values.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "engine/tensor/dequantize.h"

namespace fovea {
namespace {

/// What the bits mean, by the definition of the format, in double precision.
double Meaning(std::uint32_t bits) {
  const double sign = (bits & 0x8000U) != 0 ? -1.0 : 1.0;
  const int exponent = static_cast<int>((bits >> 10U) & 31U);
  const double mantissa = static_cast<double>(bits & 1023U) / 1024.0;
  if (exponent == 31) return mantissa == 0.0 ? sign * std::numeric_limits<double>::infinity() : NAN;
  if (exponent == 0) return sign * std::ldexp(mantissa, -14);
  return sign * std::ldexp(1.0 + mantissa, exponent - 15);
}

TEST(HalfToFloat, IsExactForEveryHalf) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const float value = HalfToFloat(static_cast<std::uint16_t>(bits));
    const double meaning = Meaning(bits);
    if (std::isnan(meaning)) {
      EXPECT_TRUE(std::isnan(value)) << bits;
    } else {
      EXPECT_EQ(static_cast<double>(value), meaning) << bits;
      EXPECT_EQ(std::signbit(value), std::signbit(meaning)) << bits;
    }
  }
}

TEST(FloatToHalf, BringsEveryHalfBack) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const std::uint16_t back = FloatToHalf(HalfToFloat(half));
    if (std::isnan(HalfToFloat(half))) {
      EXPECT_TRUE(std::isnan(HalfToFloat(back))) << bits;
    } else {
      EXPECT_EQ(back, half);
    }
  }
}

TEST(FloatToHalf, RoundsToNearestEvenBetweenAnyTwoNeighbours) {
  for (std::uint32_t bits = 0; bits < 0x7BFF; ++bits) {
    const auto low = static_cast<std::uint16_t>(bits);
    const auto high = static_cast<std::uint16_t>(bits + 1);
    // Halves have 11 significant bits, so that the middle of two is a float.
    const float middle = static_cast<float>((Meaning(low) + Meaning(high)) / 2.0);
    const std::uint16_t even = (bits & 1U) == 0 ? low : high;
    for (const float sign : {1.0F, -1.0F}) {
      const auto mark = static_cast<std::uint16_t>(sign < 0.0F ? 0x8000U : 0U);
      EXPECT_EQ(FloatToHalf(sign * middle), even | mark) << bits;
      EXPECT_EQ(FloatToHalf(sign * std::nextafter(middle, 0.0F)), low | mark) << bits;
      EXPECT_EQ(FloatToHalf(sign * std::nextafter(middle, 1e9F)), high | mark) << bits;
    }
  }
}

TEST(FloatToHalf, OverflowsToInfinityAndUnderflowsToZero) {
  EXPECT_EQ(FloatToHalf(65504.0F), 0x7BFF);
  EXPECT_EQ(FloatToHalf(65519.996F), 0x7BFF);
  EXPECT_EQ(FloatToHalf(65520.0F), 0x7C00);
  EXPECT_EQ(FloatToHalf(-std::numeric_limits<float>::max()), 0xFC00);
  EXPECT_EQ(FloatToHalf(std::numeric_limits<float>::infinity()), 0x7C00);
  EXPECT_EQ(FloatToHalf(0x1p-25F), 0x0000);  // half way to the smallest subnormal: even
  EXPECT_EQ(FloatToHalf(-std::numeric_limits<float>::denorm_min()), 0x8000);
  EXPECT_EQ(FloatToHalf(-0.0F), 0x8000);
}

TEST(FloatToHalf, KeepsEveryNanANan) {
  for (const std::uint32_t bits : {0x7F800001U, 0x7FC00000U, 0xFF800001U, 0x7FFFFFFFU}) {
    const std::uint16_t half = FloatToHalf(std::bit_cast<float>(bits));
    EXPECT_EQ(half & 0x7C00, 0x7C00);
    EXPECT_NE(half & 0x03FF, 0);
    EXPECT_EQ(half >> 15U, bits >> 31U);
  }
}

TEST(BFloat16ToFloat, IsTheUpperHalfOfAFloat) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const float value = BFloat16ToFloat(static_cast<std::uint16_t>(bits));
    if (!std::isnan(value)) {
      EXPECT_EQ(std::bit_cast<std::uint32_t>(value), bits << 16U);
    }
  }
  EXPECT_EQ(BFloat16ToFloat(0x4049), 3.140625F);
}

}  // namespace
}  // namespace fovea
