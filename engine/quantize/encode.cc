#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "engine/quantize/encode_block.h"
#include "engine/tensor/dequantize.h"
#include "engine/tensor/weight_types.h"
#include "fovea/quantize.h"

namespace fovea {
namespace {

/// The types that can be encoded, in the order of the list.
struct Encodable {
  constexpr Encodable() {
#define FOVEA_ADD(name, number, elements, bytes, file_type, largest, narrow) \
  if (largest > 0) types[count++] = DataType::k##name;
    FOVEA_EACH_WEIGHT_TYPE(FOVEA_ADD)
#undef FOVEA_ADD
  }
  DataType types[std::size(kWeightTypes)] = {};
  std::size_t count = 0;
};
constexpr Encodable kEncodable;

template <std::uint16_t (*Convert)(float)>
void EncodeShorts(const float* values, std::size_t count, std::byte* out) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint16_t bits = Convert(values[i]);
    std::memcpy(out + i * sizeof(bits), &bits, sizeof(bits));
  }
}

/// Nothing for types that can only be decoded: they have no EncodeBlock.
template <typename Block, std::size_t kElements, bool kCanEncode>
void EncodeBlocks(const float* values, std::size_t count, std::byte* out) {
  if constexpr (kCanEncode) {
    for (std::size_t i = 0; i < count; i += kElements) {
      Block block;
      EncodeBlock(values + i, &block);
      std::memcpy(out, &block, sizeof(block));
      out += sizeof(block);
    }
  }
}

/// Whole blocks, no magnitude above the largest of the type.
void EncodeValues(DataType type, const float* values, std::size_t count, std::byte* out) {
  switch (type) {
    case DataType::kF32: std::memcpy(out, values, count * sizeof(float)); return;
    case DataType::kF16: return EncodeShorts<FloatToHalf>(values, count, out);
    case DataType::kBF16: return EncodeShorts<FloatToBFloat16>(values, count, out);
#define FOVEA_CASE(name, number, elements, bytes, file_type, largest, narrow) \
  case DataType::k##name:                                                     \
    return EncodeBlocks<Block##name, elements, (largest > 0)>(values, count, out);
      FOVEA_EACH_BLOCK_TYPE(FOVEA_CASE)
#undef FOVEA_CASE
  }
}

/// The largest magnitude; infinite if a value is infinite or NaN.
float Peak(std::span<const float> values) {
  // Without its sign, a float's bits order as integers do, and NaN comes after infinity.
  std::uint32_t lanes[8] = {};
  std::size_t i = 0;
  for (; i + 8 <= values.size(); i += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) {
      const std::uint32_t bits = std::bit_cast<std::uint32_t>(values[i + lane]) & 0x7FFFFFFFU;
      lanes[lane] = bits > lanes[lane] ? bits : lanes[lane];
    }
  }
  std::uint32_t peak = *std::max_element(lanes, lanes + 8);
  for (; i < values.size(); ++i) {
    peak = std::max(peak, std::bit_cast<std::uint32_t>(values[i]) & 0x7FFFFFFFU);
  }
  return std::bit_cast<float>(std::min(peak, 0x7F800000U));
}

QuantizationError Compare(const float* values, const float* decoded, std::size_t count) {
  QuantizationError error;
  double squared_error[8] = {};
  double squared_norm[8] = {};
  float largest[8] = {};
  const std::size_t whole = count / 8 * 8;
  const auto step = [&](std::size_t i, std::size_t lane) {
    const float difference = decoded[i] - values[i];
    const float magnitude = std::abs(difference);
    squared_error[lane] += static_cast<double>(difference) * static_cast<double>(difference);
    squared_norm[lane] += static_cast<double>(values[i]) * static_cast<double>(values[i]);
    largest[lane] = magnitude > largest[lane] ? magnitude : largest[lane];
  };
  for (std::size_t i = 0; i < whole; i += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) step(i + lane, lane);
  }
  for (std::size_t i = whole; i < count; ++i) step(i, i - whole);
  for (std::size_t lane = 0; lane < 8; ++lane) {
    error.Add({squared_error[lane], squared_norm[lane], largest[lane]});
  }
  return error;
}

}  // namespace

double QuantizationError::Relative() const {
  return squared_error > 0.0 ? std::sqrt(squared_error / squared_norm) : 0.0;
}

void QuantizationError::Add(const QuantizationError& other) {
  squared_error += other.squared_error;
  squared_norm += other.squared_norm;
  largest = std::max(largest, other.largest);
}

std::span<const DataType> EncodableTypes() {
  return {kEncodable.types, kEncodable.count};
}

bool CanEncode(DataType type) {
  return WeightTypeOf(type).largest > 0.0F;
}

std::size_t EncodedBytes(DataType type, std::size_t values) {
  return RowBytes(type, values);
}

Result<QuantizationError> Encode(DataType type, std::span<const float> values,
                                 std::span<std::byte> out) {
  const std::string name(DataTypeName(type));
  if (!CanEncode(type)) {
    return Status(StatusCode::kInvalidArgument, "numbers cannot be encoded to type " + name);
  }
  if (values.size() % BlockElements(type) != 0 || out.size() != EncodedBytes(type, values.size())) {
    return Status(StatusCode::kInvalidArgument,
                  std::to_string(values.size()) + " numbers do not make " +
                      std::to_string(out.size()) + " bytes of type " + name);
  }
  const float peak = Peak(values);
  if (std::isinf(peak)) {
    return Status(StatusCode::kNonFinite, "a number is NaN or infinite");
  }
  if (peak > WeightTypeOf(type).largest) {
    return Status(StatusCode::kLimitExceeded,
                  "a number is too large for the scales of type " + name);
  }
  EncodeValues(type, values.data(), values.size(), out.data());
  // Decoded a few blocks at a time, which stay in the first cache.
  QuantizationError error;
  float decoded[kSuperBlock * 4];
  for (std::size_t i = 0; i < values.size();) {
    const std::size_t count = std::min(std::size(decoded), values.size() - i);
    Dequantize(type, out.data() + EncodedBytes(type, i), count, decoded);
    error.Add(Compare(values.data() + i, decoded, count));
    i += count;
  }
  return error;
}

Status Decode(DataType type, std::span<const std::byte> blocks, std::span<float> values) {
  if (BlockElements(type) == 0 || values.size() % BlockElements(type) != 0 ||
      blocks.size() != EncodedBytes(type, values.size())) {
    return {StatusCode::kInvalidArgument, std::to_string(blocks.size()) + " bytes of type " +
                                              std::string(DataTypeName(type)) + " do not make " +
                                              std::to_string(values.size()) + " numbers"};
  }
  Dequantize(type, blocks.data(), values.size(), values.data());
  return {};
}

}  // namespace fovea
