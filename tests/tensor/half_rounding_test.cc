#include "fovea/half.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace fovea {
namespace {

TEST(Half, EveryHalfSurvivesTheWayThroughFloat) {
  for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = HalfToFloat(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(HalfToFloat(FloatToHalf(value))));
    } else {
      ASSERT_EQ(FloatToHalf(value), half) << bits;
    }
  }
}

TEST(Half, RoundsToTheNearestAndTiesToEven) {
  for (std::uint32_t bits = 0; bits < 0x7BFF; ++bits) {  // all finite pairs of neighbours
    const auto low = static_cast<std::uint16_t>(bits);
    const auto high = static_cast<std::uint16_t>(bits + 1);
    // Both have 11 significant bits, so their mean is exact in float.
    const float middle = (HalfToFloat(low) + HalfToFloat(high)) / 2.0F;
    const std::uint16_t even = (bits & 1U) == 0 ? low : high;
    ASSERT_EQ(FloatToHalf(middle), even) << bits;
    ASSERT_EQ(FloatToHalf(std::nextafter(middle, 0.0F)), low) << bits;
    ASSERT_EQ(FloatToHalf(std::nextafter(middle, 1e9F)), high) << bits;
    ASSERT_EQ(FloatToHalf(-middle), even | 0x8000U) << bits;
  }
}

TEST(Half, TooLargeBecomesInfinityAndTinyBecomesZero) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(FloatToHalf(65519.0F), 0x7BFF);
  EXPECT_EQ(FloatToHalf(65520.0F), 0x7C00);
  EXPECT_EQ(FloatToHalf(kInfinity), 0x7C00);
  EXPECT_EQ(FloatToHalf(-kInfinity), 0xFC00);
  EXPECT_EQ(FloatToHalf(std::numeric_limits<float>::denorm_min()), 0);
  EXPECT_EQ(FloatToHalf(std::numeric_limits<float>::max()), 0x7C00);
  EXPECT_EQ(FloatToHalf(std::bit_cast<float>(0x7F800001U)), 0x7E00);  // a signalling NaN
}

TEST(Half, ManyAtATimeAreTheSameAsOneByOne) {
  std::vector<float> values;
  for (std::uint32_t bits = 0; bits < 0xFFFFF000U; bits += 0x1357U) {
    values.push_back(std::bit_cast<float>(bits));
  }
  std::vector<std::uint16_t> halves(values.size());
  FloatsToHalves(values.data(), values.size(), halves.data());
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(halves[i], FloatToHalf(values[i])) << values[i];
  }
}

}  // namespace
}  // namespace fovea
