// Whole blocks of a fixed byte pattern against answers that were computed apart from this code: in
// numpy, on arrays of unpacked bits, in float32. Five elements are listed for people; a hash covers
// the bits of all.
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "engine/tensor/dequantize.h"

namespace fovea {
namespace {

struct Expected {
  DataType type;
  unsigned seed;
  float probes[5];     // elements 0, 1, 15, 16, 31 of 32, or 0, 17, 100, 128, 255 of 256
  std::uint64_t hash;  // FNV-1a over the little-endian bytes of all elements
};

constexpr Expected kExpected[] = {
    {DataType::kQ8_0,
     0,
     {-0x1.d1f8p-2F, 0x1.477p-1F, 0x1.93p-3F, 0x1.4a96p+0F, -0x1.1b5cp+0F},
     0x93a054857d3fe444U},
    {DataType::kQ8_0,
     1,
     {0x1.496p-11F, 0x1.c0c6p-9F, 0x1.2c8ep-9F, -0x1.728cp-9F, -0x1.0fbcp-10F},
     0x68a9be74eebe516cU},
    {DataType::kQ4_0,
     0,
     {0x1.2e4p-5F, -0x1.93p-5F, -0x1.93p-4F, 0x1.f7cp-5F, -0x1.60ap-4F},
     0x62b4aa05622ce4a9U},
    {DataType::kQ4_0,
     1,
     {-0x1.078p-13F, 0x1.496p-13F, 0x1.078p-15F, -0x1.cd2p-13F, -0x1.078p-13F},
     0x1a06a8489e213fb4U},
    {DataType::kQ4_1,
     0,
     {-0x1.641p-3F, -0x1.0a3p-2F, -0x1.0a3p-2F, -0x1.e2p-3F, -0x1.7d4p-3F},
     0x3dbed310f6cb2728U},
    {DataType::kQ4_1,
     1,
     {-0x1.005p+1F, -0x1.4064p+2F, -0x1.4064p+2F, -0x1.005p+2F, -0x1.4064p+2F},
     0x241c4a81b96fae1cU},
    {DataType::kQ5_0,
     0,
     {0x1.79dp-3F, 0x1.93p-4F, -0x1.2e4p-3F, 0x1.2e4p-5F, 0x1.60ap-4F},
     0xfa55fc259604a7e3U},
    {DataType::kQ5_0,
     1,
     {-0x1.078p-12F, -0x1.ee1p-12F, -0x1.8b4p-14F, -0x1.287p-12F, -0x1.8b4p-13F},
     0xd973ebb85e01e520U},
    {DataType::kQ5_1,
     0,
     {-0x1.188p-3F, -0x1.967p-3F, -0x1.cap-7F, 0x1.854p-5F, -0x1.cc4p-4F},
     0x48116699feeeaf7bU},
    {DataType::kQ5_1,
     1,
     {-0x1.d5e8p+1F, -0x1.8078p+2F, -0x1.005p+0F, -0x1.55bffep-1F, -0x1.d5e8p+2F},
     0xb5f941c416313157U},
    {DataType::kQ2_K,
     0,
     {0x1.ffc4p-1F, 0x1.5c0cp+1F, 0x1.005p+0F, 0x1.4064p+2F, 0x1.0376p+1F},
     0xebc26be6c3787480U},
    {DataType::kQ2_K,
     1,
     {-0x1.8p-22F, -0x1.606e02p+3F, -0x1.55c004p+1F, -0x1p-23F, -0x1.005002p+3F},
     0x7e8b98deb83a8a76U},
    {DataType::kQ3_K,
     0,
     {-0x1.5408p-2F, -0x1.79dp+0F, 0x1.de9p-2F, 0x1.2e4p-2F, -0x0p+0F},
     0x2f414875f27b0a30U},
    {DataType::kQ3_K,
     1,
     {-0x1.ee1p-10F, 0x1.cd2p-13F, 0x1.cd2p-11F, 0x1.496p-10F, -0x1.287p-12F},
     0x7c3f7cc9e27b8ffaU},
    {DataType::kQ4_K,
     0,
     {0x1.1c73ap+4F, 0x1.0fa94p+4F, 0x1.53e6p+4F, 0x1.30438p+4F, 0x1.81c1ap+4F},
     0xe718a9956d3b7138U},
    {DataType::kQ4_K,
     1,
     {-0x1.58p-19F, -0x1.e09602p+4F, -0x1.3db882p+5F, -0x1.5069p+7F, -0x1.2p-21F},
     0x9a44c2410534ccb0U},
    {DataType::kQ5_K,
     0,
     {0x1.4f9d2p+4F, 0x1.19e4cp+4F, 0x1.a8e8p+4F, 0x1.bdf18p+4F, 0x1.8ebe6p+4F},
     0x04d936cb7dc15e2bU},
    {DataType::kQ5_K,
     1,
     {-0x1.005006p+3F, -0x1.305f02p+5F, -0x1.987f82p+5F, -0x1.265bep+9F, -0x1.5069p+8F},
     0xcabb5dea34a996eaU},
    {DataType::kQ6_K,
     0,
     {0x1.4a96p+0F, -0x1.1b5cp+5F, 0x1.b0e9p+2F, 0x1.03bfp+4F, 0x1.c0a7p+1F},
     0x26a2395e3de68d41U},
    {DataType::kQ6_K,
     1,
     {0x1.dd98p-9F, -0x1.64a6cp-6F, -0x1.078p-9F, -0x1.0b9ep-8F, 0x1.8b4p-5F},
     0xd266c1de1753e88eU},
    {DataType::kIQ4_NL,
     0,
     {0x1.de9p-2F, -0x1.348cp-1F, -0x1.8fdap+0F, 0x1.b27cp-1F, -0x1.477p+0F},
     0xdeb1a9feb1bb4d80U},
    {DataType::kIQ4_NL,
     1,
     {-0x1.937cp-10F, 0x1.1c16p-9F, 0x1.ac3p-12F, -0x1.ac3p-9F, -0x1.937cp-10F},
     0x19a1b10eb472fffcU},
    {DataType::kIQ4_XS,
     0,
     {-0x1.6a5d9p+5F, -0x1.179eep+4F, -0x1.e9f9cp+4F, -0x1.ac3p-3F, 0x1.1f64bp+5F},
     0x850c45b9e5eccf35U},
    {DataType::kIQ4_XS,
     1,
     {-0x1.fc79p-6F, -0x1.ac3p-11F, -0x1.9ece8p-7F, 0x1.0b9ep-6F, 0x1.2e9dp-8F},
     0xe5d4e304e04dbc7dU},
};

constexpr std::size_t kSmallProbes[5] = {0, 1, 15, 16, 31};
constexpr std::size_t kSuperProbes[5] = {0, 17, 100, 128, 255};

/// Where the half-precision scale and minimum of a block are.
struct ScalePlaces {
  std::size_t first;
  std::size_t second;  // the same as first if there is one only
};

ScalePlaces PlacesOf(DataType type) {
  switch (type) {
    case DataType::kQ4_1:
    case DataType::kQ5_1:
    case DataType::kQ4_K:
    case DataType::kQ5_K: return {0, 2};
    case DataType::kQ2_K: return {80, 82};
    case DataType::kQ3_K: return {108, 108};
    case DataType::kQ6_K: return {208, 208};
    default: return {0, 0};
  }
}

std::vector<std::uint8_t> PatternBlock(DataType type, unsigned seed) {
  std::vector<std::uint8_t> block(BlockBytes(type));
  for (unsigned k = 0; k < block.size(); ++k) {
    block[k] = static_cast<std::uint8_t>((k * 89 + seed * 57 + 41) ^ (k >> 3U));
  }
  // 0.0123 and -0.3337 for seed 0; for seed 1 a small normal (3.14159e-5) alone, or -0.3337 with
  // the smallest subnormal.
  constexpr std::uint16_t kNormal = 0x224C;
  constexpr std::uint16_t kNegative = 0xB557;
  constexpr std::uint16_t kSmall = 0x020F;
  constexpr std::uint16_t kSubnormal = 0x0001;
  const ScalePlaces places = PlacesOf(type);
  const bool two = places.first != places.second;
  const std::uint16_t first = seed == 0 ? kNormal : two ? kNegative : kSmall;
  const std::uint16_t second = seed == 0 ? kNegative : kSubnormal;
  if (two) std::memcpy(&block[places.second], &second, sizeof(second));
  std::memcpy(&block[places.first], &first, sizeof(first));
  return block;
}

std::uint64_t Hash(const std::vector<float>& values) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const float value : values) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (unsigned shift = 0; shift < 32; shift += 8) {
      hash = (hash ^ ((bits >> shift) & 0xFFU)) * 0x100000001B3U;
    }
  }
  return hash;
}

TEST(Dequantize, GivesTheKnownBitsForEveryQuantizedType) {
  for (const Expected& expected : kExpected) {
    const std::string label =
        std::string(DataTypeName(expected.type)) + " seed " + std::to_string(expected.seed);
    const std::vector<std::uint8_t> block = PatternBlock(expected.type, expected.seed);
    std::vector<float> values(BlockElements(expected.type));
    Dequantize(expected.type, block.data(), values.size(), values.data());
    const auto& probes = values.size() == 32 ? kSmallProbes : kSuperProbes;
    for (std::size_t i = 0; i < 5; ++i) {
      EXPECT_EQ(values[probes[i]], expected.probes[i]) << label << " element " << probes[i];
    }
    EXPECT_EQ(Hash(values), expected.hash) << label;
  }
}

TEST(Dequantize, ReadsSeveralBlocksAtAnyAlignment) {
  for (const Expected& expected : kExpected) {
    const std::size_t elements = BlockElements(expected.type);
    const std::size_t bytes = BlockBytes(expected.type);
    const std::vector<std::uint8_t> first = PatternBlock(expected.type, 0);
    const std::vector<std::uint8_t> second = PatternBlock(expected.type, 1);
    std::vector<float> wanted(2 * elements);
    Dequantize(expected.type, first.data(), elements, wanted.data());
    Dequantize(expected.type, second.data(), elements, wanted.data() + elements);
    for (std::size_t shift = 0; shift < 8; ++shift) {
      std::vector<std::uint8_t> row(shift + 2 * bytes);
      std::memcpy(row.data() + shift, first.data(), bytes);
      std::memcpy(row.data() + shift + bytes, second.data(), bytes);
      std::vector<float> values(2 * elements);
      Dequantize(expected.type, row.data() + shift, values.size(), values.data());
      EXPECT_EQ(std::memcmp(values.data(), wanted.data(), values.size() * sizeof(float)), 0)
          << DataTypeName(expected.type) << " shifted by " << shift;
    }
  }
}

}  // namespace
}  // namespace fovea
