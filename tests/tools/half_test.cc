#include "tools/attention-dump/base/half.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace fovea::dump {
namespace {

TEST(Half, EveryHalfSurvivesTheWayThroughFloat) {
  for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = FloatFromHalf(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(FloatFromHalf(HalfFromFloat(value))));
    } else {
      ASSERT_EQ(HalfFromFloat(value), half) << bits;
    }
  }
}

TEST(Half, RoundsToTheNearestAndTiesToEven) {
  for (std::uint32_t bits = 0; bits < 0x7BFF; ++bits) {  // all finite pairs of neighbours
    const auto low = static_cast<std::uint16_t>(bits);
    const auto high = static_cast<std::uint16_t>(bits + 1);
    // Both have 11 significant bits, so their mean is exact in float.
    const float middle = (FloatFromHalf(low) + FloatFromHalf(high)) / 2.0F;
    const std::uint16_t even = (bits & 1U) == 0 ? low : high;
    ASSERT_EQ(HalfFromFloat(middle), even) << bits;
    ASSERT_EQ(HalfFromFloat(std::nextafter(middle, 0.0F)), low) << bits;
    ASSERT_EQ(HalfFromFloat(std::nextafter(middle, 1e9F)), high) << bits;
    ASSERT_EQ(HalfFromFloat(-middle), even | 0x8000U) << bits;
  }
}

TEST(Half, TooLargeBecomesInfinityAndTinyBecomesZero) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(HalfFromFloat(65519.0F), 0x7BFF);
  EXPECT_EQ(HalfFromFloat(65520.0F), 0x7C00);
  EXPECT_EQ(HalfFromFloat(kInfinity), 0x7C00);
  EXPECT_EQ(HalfFromFloat(-kInfinity), 0xFC00);
  EXPECT_EQ(HalfFromFloat(std::numeric_limits<float>::denorm_min()), 0);
  EXPECT_EQ(HalfFromFloat(std::numeric_limits<float>::max()), 0x7C00);
  EXPECT_EQ(HalfFromFloat(std::bit_cast<float>(0x7F800001U)), 0x7E00);  // a signalling NaN
}

}  // namespace
}  // namespace fovea::dump
