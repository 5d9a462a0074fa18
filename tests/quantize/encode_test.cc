// Encoding: numbers that a block can hold come back exactly, wrong ones are refused, and the bytes
// are those of the format.
#include <algorithm>
#include <limits>
#include <set>

#include "engine/tensor/blocks.h"
#include "engine/tensor/dequantize.h"
#include "tests/quantize/quantize_testing.h"

namespace fovea::testing {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// The numbers of a block whose quants use their whole range: nothing else tells its scale.
template <typename Block>
std::vector<float> NumbersOf(const Block& block, DataType type) {
  std::vector<std::byte> bytes(sizeof(Block));
  std::memcpy(bytes.data(), &block, sizeof(Block));
  return Decoded(type, bytes, BlockElements(type));
}

template <typename Block>
void FillBytes(Block* block, std::mt19937& random) {
  std::vector<std::uint8_t> bytes(sizeof(Block));
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  std::memcpy(block, bytes.data(), sizeof(Block));
}

template <typename Block>
void ExpectExact(DataType type, void (*make)(Block*, std::mt19937&)) {
  std::mt19937 random(21);
  for (int i = 0; i < 200; ++i) {
    Block block;
    FillBytes(&block, random);
    make(&block, random);
    const std::vector<float> values = NumbersOf(block, type);
    QuantizationError error;
    ASSERT_EQ(Rounded(type, values, &error), values) << DataTypeName(type) << " block " << i;
    ASSERT_EQ(error.largest, 0.0F);
  }
}

/// A normal half float of moderate size.
std::uint16_t SomeScale(std::mt19937& random) {
  return FloatToHalf(0.001F + static_cast<float>(random() % 1000) / 500.0F);
}

TEST(Encode, GivesBackNumbersThatBlocksOf32CanHold) {
  ExpectExact<BlockQ8_0>(DataType::kQ8_0, [](BlockQ8_0* block, std::mt19937& random) {
    block->scale = SomeScale(random);
    for (std::int8_t& quant : block->quants) quant = std::max<std::int8_t>(quant, -127);
    block->quants[random() % 32] = random() % 2 == 0 ? 127 : -127;
  });
  ExpectExact<BlockQ4_0>(DataType::kQ4_0, [](BlockQ4_0* block, std::mt19937& random) {
    block->scale = SomeScale(random);
    block->nibbles[random() % 16] &= 0xF0U;  // quant 0, the value -8
  });
  ExpectExact<BlockQ5_0>(DataType::kQ5_0, [](BlockQ5_0* block, std::mt19937& random) {
    block->scale = SomeScale(random);
    block->nibbles[3] &= 0xF0U;
    block->high_bits[0] &= 0xF7U;  // element 3 is quant 0
  });
  ExpectExact<BlockQ4_1>(DataType::kQ4_1, [](BlockQ4_1* block, std::mt19937& random) {
    block->scale = SomeScale(random);
    block->minimum = FloatToHalf(-static_cast<float>(random() % 100) / 50.0F);
    block->nibbles[5] = 0xF0U;
  });
  ExpectExact<BlockQ5_1>(DataType::kQ5_1, [](BlockQ5_1* block, std::mt19937& random) {
    block->scale = SomeScale(random);
    block->minimum = FloatToHalf(-static_cast<float>(random() % 100) / 50.0F);
    block->nibbles[0] = 0xF0U;
    block->high_bits[0] &= 0xFEU;
    block->high_bits[2] |= 1U;
  });
  ExpectExact<BlockIQ4_NL>(DataType::kIQ4_NL, [](BlockIQ4_NL* block, std::mt19937& random) {
    block->scale = SomeScale(random);
    block->nibbles[random() % 16] &= 0xF0U;  // level -127
  });
}

/// Scales and minimums whose largest are 63, and in every group quants 0 and the largest.
template <typename Block>
void MakeMinBlock(Block* block, std::mt19937& random) {
  block->scale = SomeScale(random);
  block->min_scale = SomeScale(random);
  for (std::uint8_t& packed : block->scales) packed = 0;
  for (std::size_t group = 0; group < 4; ++group) {
    // The first four groups have six bits in one byte; the others four here, their upper two bits
    // stay 0.
    block->scales[group] = static_cast<std::uint8_t>(group == 0 ? 63 : 8 + random() % 56);
    block->scales[group + 4] = static_cast<std::uint8_t>(group == 0 ? 63 : 8 + random() % 56);
    block->scales[group + 8] = static_cast<std::uint8_t>(0x88U | random());
  }
  for (std::size_t run = 0; run < 4; ++run) {
    block->nibbles[run * 32 + 3] = 0x00U;
    block->nibbles[run * 32 + 9] = 0xFFU;
  }
}

TEST(Encode, GivesBackNumbersThatSuperBlocksCanHold) {
  ExpectExact<BlockQ4_K>(
      DataType::kQ4_K, [](BlockQ4_K* block, std::mt19937& random) { MakeMinBlock(block, random); });
  ExpectExact<BlockQ5_K>(DataType::kQ5_K, [](BlockQ5_K* block, std::mt19937& random) {
    MakeMinBlock(block, random);
    block->high_bits[3] = 0x00U;
    block->high_bits[9] = 0xFFU;
  });
  ExpectExact<BlockQ6_K>(DataType::kQ6_K, [](BlockQ6_K* block, std::mt19937& random) {
    block->scale = SomeScale(random);
    for (std::int8_t& scale : block->scales) scale = static_cast<std::int8_t>(100 - random() % 64);
    block->scales[random() % 16] = -128;
    // Quants 0, the value -32, at the first element of every group.
    for (std::size_t i = 0; i < 128; i += 16) block->nibbles[i] = 0;
    for (std::size_t i = 0; i < 64; i += 16) block->high_bits[i] = 0;
  });
  ExpectExact<BlockIQ4_XS>(DataType::kIQ4_XS, [](BlockIQ4_XS* block, std::mt19937& random) {
    block->scale = SomeScale(random);
    // Scale 0, which stands for -32, in one group and not less than 1 in the others, and level -127
    // in every group.
    for (std::uint8_t& low : block->low_scales) low |= 0x11U;
    const std::size_t group = random() % 8;
    block->low_scales[group / 2] &= group % 2 == 0 ? 0xF0U : 0x0FU;
    block->high_scales = static_cast<std::uint16_t>(block->high_scales & ~(3U << (2 * group)));
    for (std::size_t i = 0; i < 128; i += 16) block->nibbles[i + random() % 16] &= 0xF0U;
  });
}

TEST(Encode, RoundsFloatsToNearestEven) {
  const std::vector<float> values = {1.0F, 1.0F + 0x1p-11F, 1.0F + 0x3p-11F, -65504.0F, 0x1p-24F};
  const std::vector<float> halves = Rounded(DataType::kF16, values);
  EXPECT_EQ(halves, (std::vector<float>{1.0F, 1.0F, 1.0F + 0x1p-9F, -65504.0F, 0x1p-24F}));
  const std::vector<float> wide = {1.0F, 1.0F + 0x1p-8F, 1.0F + 0x3p-8F, -3e38F, 1e-40F};
  const std::vector<float> brains = Rounded(DataType::kBF16, wide);
  EXPECT_EQ(brains[1], 1.0F);
  EXPECT_EQ(brains[2], 1.0F + 0x1p-6F);
  EXPECT_NEAR(brains[3] / -3e38F, 1.0F, 0x1p-8F);
  EXPECT_NEAR(brains[4], 1e-40F, 0x1p-134F);  // half the smallest one
  EXPECT_EQ(Rounded(DataType::kF32, wide), wide);
}

TEST(Encode, RefusesNanAndInfinityWhereverTheyAre) {
  for (const DataType type : EncodableTypes()) {
    for (const float bad : {kNan, -kNan, kInfinity, -kInfinity}) {
      for (const std::size_t place : {0U, 7U, 31U, 100U, 255U, 511U}) {
        std::vector<float> values = NormalNumbers(512, 1.0F, 5);
        values[place] = bad;
        std::vector<std::byte> bytes(EncodedBytes(type, values.size()));
        const auto result = Encode(type, values, bytes);
        ASSERT_FALSE(result.ok()) << DataTypeName(type) << " at " << place;
        EXPECT_EQ(result.status().code(), StatusCode::kNonFinite);
      }
    }
  }
  // Also in a tail that fills no vector.
  std::vector<float> tail(13, 1.0F);
  tail[12] = kNan;
  std::vector<std::byte> bytes(EncodedBytes(DataType::kF16, tail.size()));
  EXPECT_EQ(Encode(DataType::kF16, tail, bytes).status().code(), StatusCode::kNonFinite);
}

TEST(Encode, RefusesNumbersBeyondTheScales) {
  for (const DataType type : EncodableTypes()) {
    if (type == DataType::kF32) continue;
    const float bad = type == DataType::kBF16 ? std::numeric_limits<float>::max() : 1e12F;
    std::vector<float> values(256, 1.0F);
    values[200] = bad;
    std::vector<std::byte> bytes(EncodedBytes(type, values.size()));
    const auto result = Encode(type, values, bytes);
    ASSERT_FALSE(result.ok()) << DataTypeName(type);
    EXPECT_EQ(result.status().code(), StatusCode::kLimitExceeded);
    EXPECT_NE(result.status().message().find(DataTypeName(type)), std::string::npos);
  }
}

TEST(Encode, KeepsTheLargestNumbersFinite) {
  const std::vector<std::pair<DataType, float>> limits = {
      {DataType::kF16, 65504.0F},          {DataType::kQ8_0, 65504.0F * 127},
      {DataType::kQ4_0, 65504.0F * 8},     {DataType::kQ5_0, 65504.0F * 16},
      {DataType::kQ4_1, 65504.0F},         {DataType::kQ5_1, 65504.0F},
      {DataType::kQ4_K, 65504.0F * 63},    {DataType::kQ5_K, 65504.0F * 63},
      {DataType::kQ6_K, 65504.0F * 3968},  {DataType::kBF16, 0x1.FEp127F},
      {DataType::kIQ4_NL, 65504.0F * 127}, {DataType::kIQ4_XS, 65504.0F * 127 * 32}};
  for (const auto& [type, limit] : limits) {
    std::vector<float> values = NormalNumbers(256, limit / 5.0F, 3);
    for (float& value : values) value = std::clamp(value, -limit, limit);
    values[0] = limit;
    values[40] = -limit;
    for (const float value : Rounded(type, values)) {
      ASSERT_TRUE(std::isfinite(value)) << DataTypeName(type);
      ASSERT_LE(std::abs(value), limit * 1.2F) << DataTypeName(type);
    }
  }
}

TEST(Encode, RefusesSizesThatDoNotFit) {
  std::vector<std::byte> bytes(144);
  const std::vector<float> values(256, 1.0F);
  const auto code = [&](DataType type, std::size_t count, std::size_t size) {
    return Encode(type, std::span(values).first(count), std::span(bytes).first(size))
        .status()
        .code();
  };
  EXPECT_EQ(code(DataType::kQ4_K, 256, 144), StatusCode::kOk);
  EXPECT_EQ(code(DataType::kQ4_K, 256, 143), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(DataType::kQ4_K, 255, 144), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(DataType::kQ4_0, 31, 18), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(DataType::kQ4_0, 0, 0), StatusCode::kOk);
  EXPECT_EQ(code(DataType::kQ2_K, 256, 84), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(static_cast<DataType>(77), 256, 84), StatusCode::kInvalidArgument);
  std::vector<float> out(256);
  EXPECT_EQ(Decode(DataType::kQ4_K, bytes, out).code(), StatusCode::kOk);
  EXPECT_EQ(Decode(DataType::kQ5_K, bytes, out).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Decode(static_cast<DataType>(77), bytes, out).code(), StatusCode::kInvalidArgument);
}

TEST(Encode, WritesItsBytesAtAnyAddressAndNoOthers) {
  const std::vector<float> values = NormalNumbers(513, 1.0F, 9);
  for (const DataType type : EncodableTypes()) {
    const std::vector<float> aligned(values.begin() + 1, values.end());
    const std::vector<std::byte> expected = Encoded(type, aligned);
    for (std::size_t shift = 0; shift < 4; ++shift) {
      std::vector<std::byte> bytes(expected.size() + 8, std::byte{0xA5});
      const auto result = Encode(type, std::span(values).subspan(1),
                                 std::span(bytes).subspan(shift, expected.size()));
      ASSERT_TRUE(result.ok());
      for (std::size_t i = 0; i < bytes.size(); ++i) {
        const bool inside = i >= shift && i < shift + expected.size();
        ASSERT_EQ(bytes[i], inside ? expected[i - shift] : std::byte{0xA5}) << i;
      }
    }
  }
}

TEST(Encode, ReportsTheErrorThatDecodingShows) {
  const std::vector<float> values = NormalNumbers(256 * 5, 0.5F, 10);
  for (const DataType type : EncodableTypes()) {
    QuantizationError error;
    const std::vector<float> decoded = Rounded(type, values, &error);
    double squares = 0.0;
    double norm = 0.0;
    float largest = 0.0F;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double difference = static_cast<double>(decoded[i]) - static_cast<double>(values[i]);
      squares += difference * difference;
      norm += static_cast<double>(values[i]) * static_cast<double>(values[i]);
      largest = std::max(largest, std::abs(decoded[i] - values[i]));
    }
    EXPECT_NEAR(error.Relative(), std::sqrt(squares / norm), 1e-6 * error.Relative());
    EXPECT_EQ(error.largest, largest);
  }
}

TEST(EncodableTypes, AreDifferentAndAllButTheOnesThatCanOnlyBeDecoded) {
  const std::span<const DataType> types = EncodableTypes();
  EXPECT_EQ(std::set<DataType>(types.begin(), types.end()).size(), types.size());
  EXPECT_EQ(types.size(), 13U);
  for (const DataType type : types) EXPECT_TRUE(CanEncode(type));
  for (const DataType type : {DataType::kQ2_K, DataType::kQ3_K}) {
    EXPECT_FALSE(CanEncode(type));
  }
}

}  // namespace
}  // namespace fovea::testing
