// What the tests of this room share: numbers to encode, and blocks to look into.
#ifndef FOVEA_TESTS_QUANTIZE_QUANTIZE_TESTING_H_
#define FOVEA_TESTS_QUANTIZE_QUANTIZE_TESTING_H_

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "fovea/quantize.h"

namespace fovea::testing {

/// The types with blocks that can be encoded.
inline std::vector<DataType> EncodableBlockTypes() {
  std::vector<DataType> types;
  for (const DataType type : EncodableTypes()) {
    if (BlockElements(type) > 1) types.push_back(type);
  }
  return types;
}

inline std::vector<float> NormalNumbers(std::size_t count, float deviation, std::uint32_t seed,
                                        float mean = 0.0F) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(mean, deviation);
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

/// Encodes; the bytes are empty if that fails.
inline std::vector<std::byte> Encoded(DataType type, const std::vector<float>& values,
                                      QuantizationError* error = nullptr) {
  std::vector<std::byte> bytes(EncodedBytes(type, values.size()));
  const auto result = Encode(type, values, bytes);
  EXPECT_TRUE(result.ok()) << DataTypeName(type) << ": " << result.status().message();
  if (!result) return {};
  if (error != nullptr) *error = *result;
  return bytes;
}

inline std::vector<float> Decoded(DataType type, const std::vector<std::byte>& bytes,
                                  std::size_t count) {
  std::vector<float> values(count);
  const Status status = Decode(type, bytes, values);
  EXPECT_TRUE(status.ok()) << status.message();
  return values;
}

/// There and back.
inline std::vector<float> Rounded(DataType type, const std::vector<float>& values,
                                  QuantizationError* error = nullptr) {
  return Decoded(type, Encoded(type, values, error), values.size());
}

template <typename Block>
Block BlockAt(const std::vector<std::byte>& bytes, std::size_t index) {
  Block block;
  std::memcpy(&block, bytes.data() + index * sizeof(Block), sizeof(Block));
  return block;
}

}  // namespace fovea::testing

#endif  // FOVEA_TESTS_QUANTIZE_QUANTIZE_TESTING_H_
