// Blocks small enough to check by hand: one nibble set, and scales that are zero, subnormal,
// negative, infinite or NaN.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "engine/tensor/blocks.h"
#include "engine/tensor/dequantize.h"

namespace fovea {
namespace {

constexpr std::uint16_t kOne = 0x3C00;
constexpr std::uint16_t kMinusTwo = 0xC000;
constexpr std::uint16_t kSmallestSubnormal = 0x0001;
constexpr std::uint16_t kInfinity = 0x7C00;
constexpr std::uint16_t kNan = 0x7E00;

template <typename Block>
std::vector<float> Decode(DataType type, const Block& block) {
  std::vector<float> values(BlockElements(type));
  Dequantize(type, &block, values.size(), values.data());
  return values;
}

TEST(Dequantize, ReadsFloat32AsItIs) {
  const float values[3] = {1.5F, -0.0F, std::numeric_limits<float>::infinity()};
  float out[3] = {};
  Dequantize(DataType::kF32, values, 3, out);
  EXPECT_EQ(std::memcmp(values, out, sizeof(values)), 0);
}

TEST(Dequantize, ReadsHalvesAndBFloat16AtOddAddresses) {
  const std::uint16_t halves[2] = {kOne, kMinusTwo};
  const std::uint16_t brains[2] = {0x3F80, 0xC000};
  char bytes[5];
  float out[2] = {};
  std::memcpy(bytes + 1, halves, sizeof(halves));
  Dequantize(DataType::kF16, bytes + 1, 2, out);
  EXPECT_EQ(out[0], 1.0F);
  EXPECT_EQ(out[1], -2.0F);
  std::memcpy(bytes + 1, brains, sizeof(brains));
  Dequantize(DataType::kBF16, bytes + 1, 2, out);
  EXPECT_EQ(out[0], 1.0F);
  EXPECT_EQ(out[1], -2.0F);
}

TEST(Dequantize, WritesNothingForNoElementsOrAnUnknownType) {
  float out = 7.0F;
  Dequantize(DataType::kF32, nullptr, 0, &out);
  Dequantize(DataType::kQ4_K, nullptr, 0, &out);
  Dequantize(static_cast<DataType>(999), nullptr, 0, &out);
  EXPECT_EQ(out, 7.0F);
}

TEST(Dequantize, PutsLowNibblesFirst) {
  BlockQ4_0 block = {};
  block.scale = kOne;
  std::fill(std::begin(block.nibbles), std::end(block.nibbles), std::uint8_t{0x88});
  block.nibbles[3] = 0xF0;  // element 3 is 0 - 8, element 19 is 15 - 8
  const std::vector<float> values = Decode(DataType::kQ4_0, block);
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(values[i], i == 3 ? -8.0F : i == 19 ? 7.0F : 0.0F) << i;
  }
}

TEST(Dequantize, TakesTheFifthBitOfQ5FromTheRightPlace) {
  for (std::size_t set = 0; set < kSmallBlock; ++set) {
    BlockQ5_1 block = {};
    block.scale = kOne;
    block.minimum = kMinusTwo;
    block.high_bits[set / 8] = static_cast<std::uint8_t>(1U << (set % 8));
    const std::vector<float> values = Decode(DataType::kQ5_1, block);
    for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], i == set ? 14.0F : -2.0F);
  }
}

TEST(Dequantize, TakesTheHighBitsOfSuperBlocksFromTheRightPlace) {
  for (std::size_t set = 0; set < kSuperBlock; ++set) {
    BlockQ5_K q5 = {};
    q5.scale = kOne;
    std::fill(std::begin(q5.scales), std::begin(q5.scales) + 4, std::uint8_t{1});
    std::fill(std::begin(q5.scales) + 8, std::end(q5.scales), std::uint8_t{1});
    q5.high_bits[set % 32] = static_cast<std::uint8_t>(1U << (set / 32));
    BlockQ6_K q6 = {};
    q6.scale = kOne;
    std::fill(std::begin(q6.scales), std::end(q6.scales), std::int8_t{1});
    q6.high_bits[set / 128 * 32 + set % 32] = static_cast<std::uint8_t>(2U << (set % 128 / 32 * 2));
    BlockQ3_K q3 = {};
    q3.scale = kOne;
    std::fill(std::begin(q3.scales) + 8, std::end(q3.scales), std::uint8_t{0xAA});  // all 32: zero
    q3.scales[0] = 0x11;  // groups 0 and 8: 33
    q3.high_bits[set % 32] = static_cast<std::uint8_t>(1U << (set / 32));
    const std::vector<float> from5 = Decode(DataType::kQ5_K, q5);
    const std::vector<float> from6 = Decode(DataType::kQ6_K, q6);
    const std::vector<float> from3 = Decode(DataType::kQ3_K, q3);
    for (std::size_t i = 0; i < kSuperBlock; ++i) {
      EXPECT_EQ(from5[i], i == set ? 16.0F : 0.0F) << set << " " << i;
      EXPECT_EQ(from6[i], i == set ? 0.0F : -32.0F) << set << " " << i;
      const bool scaled = i / 16 == 0 || i / 16 == 8;
      EXPECT_EQ(from3[i], scaled && i != set ? -4.0F : 0.0F) << set << " " << i;
    }
  }
}

TEST(Dequantize, UsesTheLevelsOfIQ4NL) {
  BlockIQ4_NL block = {};
  block.scale = kMinusTwo;
  for (std::size_t i = 0; i < 16; ++i) {
    block.nibbles[i] = static_cast<std::uint8_t>(i | ((15 - i) << 4U));
  }
  const std::vector<float> values = Decode(DataType::kIQ4_NL, block);
  const float levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                            1,    13,   25,  38,  53,  69,  89,  113};
  for (std::size_t i = 0; i < 16; ++i) {
    EXPECT_EQ(values[i], -2.0F * levels[i]);
    EXPECT_EQ(values[i + 16], -2.0F * levels[15 - i]);
  }
}

TEST(Dequantize, UsesTheScalesAndLevelsOfIQ4XS) {
  for (std::size_t group = 0; group < 8; ++group) {
    for (const int scale : {0, 1, 15, 16, 31, 32, 33, 63}) {
      // All other groups have scale 32, which stands for 0.
      BlockIQ4_XS block = {};
      block.scale = kMinusTwo;
      unsigned high = 0xAAAAU & ~(3U << (2 * group));
      high |= static_cast<unsigned>(scale >> 4) << (2 * group);
      block.high_scales = static_cast<std::uint16_t>(high);
      block.low_scales[group / 2] = static_cast<std::uint8_t>((scale & 15) << (4 * (group % 2)));
      for (std::size_t i = 0; i < 16; ++i) {
        block.nibbles[16 * group + i] = static_cast<std::uint8_t>(i | ((15 - i) << 4U));
      }
      const std::vector<float> values = Decode(DataType::kIQ4_XS, block);
      for (std::size_t i = 0; i < kSuperBlock; ++i) {
        const std::size_t place = i % 32;
        const float level = kIQ4NLValues[place < 16 ? place : 31 - place];
        const float wanted =
            i / 32 == group ? -2.0F * static_cast<float>(scale - 32) * level : 0.0F;
        ASSERT_EQ(values[i], wanted) << "group " << group << " scale " << scale << " at " << i;
      }
    }
  }
}

TEST(Dequantize, FollowsZeroSubnormalInfiniteAndNanScales) {
  BlockQ8_0 block = {};
  block.quants[0] = -128;
  block.quants[1] = 127;
  block.scale = 0;
  EXPECT_EQ(Decode(DataType::kQ8_0, block)[1], 0.0F);
  EXPECT_TRUE(std::signbit(Decode(DataType::kQ8_0, block)[0]));
  block.scale = kSmallestSubnormal;
  EXPECT_EQ(Decode(DataType::kQ8_0, block)[0], -0x1p-17F);
  block.scale = kInfinity;
  EXPECT_EQ(Decode(DataType::kQ8_0, block)[0], -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(Decode(DataType::kQ8_0, block)[2]));  // 0 * infinity
  block.scale = kNan;
  EXPECT_TRUE(std::isnan(Decode(DataType::kQ8_0, block)[0]));
}

}  // namespace
}  // namespace fovea
