#include "fovea/data_type.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <set>

#include "engine/tensor/blocks.h"
#include "engine/tensor/dequantize.h"
#include "engine/tensor/weight_types.h"

namespace fovea {
namespace {

struct Known {
  DataType type;
  const char* name;
  std::size_t elements;
  std::size_t bytes;
};

// From GGUF's public description of its tensor types.
constexpr Known kKnown[] = {
    {DataType::kF32, "F32", 1, 4},           {DataType::kF16, "F16", 1, 2},
    {DataType::kBF16, "BF16", 1, 2},         {DataType::kQ4_0, "Q4_0", 32, 18},
    {DataType::kQ4_1, "Q4_1", 32, 20},       {DataType::kQ5_0, "Q5_0", 32, 22},
    {DataType::kQ5_1, "Q5_1", 32, 24},       {DataType::kQ8_0, "Q8_0", 32, 34},
    {DataType::kQ2_K, "Q2_K", 256, 84},      {DataType::kQ3_K, "Q3_K", 256, 110},
    {DataType::kQ4_K, "Q4_K", 256, 144},     {DataType::kQ5_K, "Q5_K", 256, 176},
    {DataType::kQ6_K, "Q6_K", 256, 210},     {DataType::kIQ4_NL, "IQ4_NL", 32, 18},
    {DataType::kIQ4_XS, "IQ4_XS", 256, 136},
};

TEST(DataTypes, HaveTheirNamesAndBlockSizes) {
  for (const Known& known : kKnown) {
    EXPECT_EQ(DataTypeName(known.type), known.name);
    EXPECT_EQ(BlockElements(known.type), known.elements) << known.name;
    EXPECT_EQ(BlockBytes(known.type), known.bytes) << known.name;
  }
}

TEST(DataTypes, AreFoundByTheirNames) {
  for (const Known& known : kKnown) EXPECT_EQ(DataTypeFromName(known.name), known.type);
  for (const char* name : {"", "?", "q8_0", "Q8_0 ", "Q4"}) {
    EXPECT_EQ(DataTypeFromName(name), std::nullopt) << name;
  }
}

TEST(DataTypes, AreAllInTheListOnce) {
  std::set<DataType> listed(std::begin(kWeightTypes), std::end(kWeightTypes));
  EXPECT_EQ(listed.size(), std::size(kWeightTypes));
  EXPECT_EQ(listed.size(), std::size(kKnown));
  for (const Known& known : kKnown) EXPECT_TRUE(listed.contains(known.type)) << known.name;
}

TEST(DataTypes, UnknownNumbersHaveNoSize) {
  for (const std::uint32_t number : {4U, 9U, 15U, 31U, 39U, 1000U, 0xFFFFFFFFU}) {
    const auto type = static_cast<DataType>(number);
    EXPECT_EQ(DataTypeName(type), "?");
    EXPECT_EQ(BlockElements(type), 0U);
    EXPECT_EQ(BlockBytes(type), 0U);
    EXPECT_EQ(RowBytes(type, 256), 0U);
  }
}

TEST(RowBytes, CountsWholeBlocks) {
  for (const Known& known : kKnown) {
    EXPECT_EQ(RowBytes(known.type, 0), 0U) << known.name;
    EXPECT_EQ(RowBytes(known.type, 3 * known.elements), 3 * known.bytes) << known.name;
    if (known.elements > 1) {
      EXPECT_EQ(RowBytes(known.type, known.elements + 1), 0U) << known.name;
      EXPECT_EQ(RowBytes(known.type, known.elements - 1), 0U) << known.name;
    }
  }
}

TEST(RowBytes, IsZeroWhenItWouldOverflow) {
  constexpr std::size_t kMax = std::numeric_limits<std::size_t>::max();
  EXPECT_EQ(RowBytes(DataType::kF32, kMax), 0U);
  EXPECT_EQ(RowBytes(DataType::kF32, kMax / 4), kMax / 4 * 4);
  EXPECT_EQ(RowBytes(DataType::kF32, kMax / 4 + 1), 0U);
  EXPECT_EQ(RowBytes(DataType::kQ8_0, kMax - 31), 0U);
}

TEST(PackedScales, OfQ4KComeBackInOrder) {
  // Scale 1, 2, …, 8 and minimum 63, 62, …, 56: groups 4–7 keep their two upper bits elsewhere.
  std::uint8_t packed[12] = {};
  for (unsigned g = 0; g < 8; ++g) {
    const unsigned scale = g + 1;
    const unsigned minimum = 63 - g;
    if (g < 4) {
      packed[g] = static_cast<std::uint8_t>(packed[g] | scale);
      packed[g + 4] = static_cast<std::uint8_t>(packed[g + 4] | minimum);
    } else {
      packed[g + 4] = static_cast<std::uint8_t>((scale & 15U) | ((minimum & 15U) << 4U));
      packed[g - 4] = static_cast<std::uint8_t>(packed[g - 4] | ((scale >> 4U) << 6U));
      packed[g] = static_cast<std::uint8_t>(packed[g] | ((minimum >> 4U) << 6U));
    }
  }
  for (unsigned g = 0; g < 8; ++g) {
    EXPECT_EQ(UnpackScaleMinK(packed, g).scale, g + 1);
    EXPECT_EQ(UnpackScaleMinK(packed, g).minimum, 63 - g);
  }
}

}  // namespace
}  // namespace fovea
