#include <algorithm>
#include <bit>
#include <cfloat>
#include <cmath>
#include <cstring>

#include "engine/quantize/encode_block.h"
#include "engine/tensor/dequantize.h"
#include "fovea/quantize.h"

namespace fovea {
namespace {

constexpr DataType kEncodable[] = {DataType::kF32,  DataType::kF16,  DataType::kBF16,
                                   DataType::kQ8_0, DataType::kQ6_K, DataType::kQ5_K,
                                   DataType::kQ5_1, DataType::kQ5_0, DataType::kQ4_K,
                                   DataType::kQ4_1, DataType::kQ4_0};

constexpr float kLargestHalf = 65504.0F;

/// To bfloat16, to nearest even; finite values only.
std::uint16_t FloatToBFloat16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

template <std::uint16_t (*Convert)(float)>
void EncodeShorts(const float* values, std::size_t count, std::byte* out) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint16_t bits = Convert(values[i]);
    std::memcpy(out + i * sizeof(bits), &bits, sizeof(bits));
  }
}

template <typename Block, std::size_t kElements>
void EncodeBlocks(const float* values, std::size_t count, std::byte* out) {
  for (std::size_t i = 0; i < count; i += kElements) {
    Block block;
    EncodeBlock(values + i, &block);
    std::memcpy(out, &block, sizeof(block));
    out += sizeof(block);
  }
}

/// Whole blocks, all within LargestMagnitude().
void EncodeValues(DataType type, const float* values, std::size_t count, std::byte* out) {
  switch (type) {
    case DataType::kF32: std::memcpy(out, values, count * sizeof(float)); return;
    case DataType::kF16: return EncodeShorts<FloatToHalf>(values, count, out);
    case DataType::kBF16: return EncodeShorts<FloatToBFloat16>(values, count, out);
    case DataType::kQ8_0: return EncodeBlocks<BlockQ8_0, kSmallBlock>(values, count, out);
    case DataType::kQ4_0: return EncodeBlocks<BlockQ4_0, kSmallBlock>(values, count, out);
    case DataType::kQ4_1: return EncodeBlocks<BlockQ4_1, kSmallBlock>(values, count, out);
    case DataType::kQ5_0: return EncodeBlocks<BlockQ5_0, kSmallBlock>(values, count, out);
    case DataType::kQ5_1: return EncodeBlocks<BlockQ5_1, kSmallBlock>(values, count, out);
    case DataType::kQ4_K: return EncodeBlocks<BlockQ4_K, kSuperBlock>(values, count, out);
    case DataType::kQ5_K: return EncodeBlocks<BlockQ5_K, kSuperBlock>(values, count, out);
    case DataType::kQ6_K: return EncodeBlocks<BlockQ6_K, kSuperBlock>(values, count, out);
    default: return;  // CanEncode() said no.
  }
}

/// What the scales of a type (half floats) can reach; 0 if the type cannot be encoded.
float LargestMagnitude(DataType type) {
  switch (type) {
    case DataType::kF32: return FLT_MAX;
    case DataType::kBF16: return 0x1.FEp127F;
    case DataType::kF16: return kLargestHalf;
    case DataType::kQ8_0: return kLargestHalf * 127.0F;
    case DataType::kQ4_0: return kLargestHalf * 8.0F;
    case DataType::kQ5_0: return kLargestHalf * 16.0F;
    case DataType::kQ4_1: return kLargestHalf;
    case DataType::kQ5_1: return kLargestHalf;
    case DataType::kQ4_K: return kLargestHalf * 63.0F;
    case DataType::kQ5_K: return kLargestHalf * 63.0F;
    case DataType::kQ6_K: return kLargestHalf * 128.0F * 31.0F;
    default: return 0.0F;
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
  return kEncodable;
}

bool CanEncode(DataType type) {
  return LargestMagnitude(type) > 0.0F;
}

DataType OutputType(DataType wanted) {
  return BlockElements(wanted) == 1 || wanted == DataType::kQ8_0 ? wanted : DataType::kQ6_K;
}

std::uint32_t FileTypeNumber(DataType type) {
  switch (type) {
    case DataType::kF32: return 0;
    case DataType::kF16: return 1;
    case DataType::kQ4_0: return 2;
    case DataType::kQ4_1: return 3;
    case DataType::kQ8_0: return 7;
    case DataType::kQ5_0: return 8;
    case DataType::kQ5_1: return 9;
    case DataType::kQ2_K: return 10;
    case DataType::kQ3_K: return 11;
    case DataType::kQ4_K: return 14;
    case DataType::kQ5_K: return 16;
    case DataType::kQ6_K: return 18;
    case DataType::kIQ4_NL: return 25;
    case DataType::kBF16: return 32;
  }
  return 0;
}

DataType FittingType(DataType wanted, std::size_t columns) {
  DataType type = wanted;
  if (BlockElements(type) == kSuperBlock && columns % kSuperBlock != 0) {
    switch (type) {
      case DataType::kQ5_K: type = DataType::kQ5_1; break;
      case DataType::kQ6_K: type = DataType::kQ8_0; break;
      default: type = DataType::kQ5_0; break;
    }
  }
  const std::size_t block = BlockElements(type);
  return block != 0 && columns % block != 0 ? DataType::kF16 : type;
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
  if (peak > LargestMagnitude(type)) {
    return Status(StatusCode::kLimitExceeded,
                  "a number is too large for the scales of type " + name);
  }
  EncodeValues(type, values.data(), values.size(), out.data());
  // Decoded in pieces that stay in the nearest cache.
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
