#include <bit>
#include <cmath>

#include "engine/tensor/dequantize.h"

namespace fovea {

float HalfToFloat(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000U) << 16U;
  const std::uint32_t exponent = (bits >> 10U) & 0x1FU;
  const std::uint32_t mantissa = bits & 0x3FFU;
  if (exponent == 0) {
    // Zero or subnormal: mantissa * 2^-24, exact in a float. The sign is kept for zero too.
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24F;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
  }
  if (exponent == 31) {
    // Infinity or NaN; a NaN is made quiet, as the conversion instructions do.
    const std::uint32_t quiet = mantissa == 0 ? 0U : 0x400000U;
    return std::bit_cast<float>(sign | 0x7F800000U | quiet | (mantissa << 13U));
  }
  return std::bit_cast<float>(sign | ((exponent + 112U) << 23U) | (mantissa << 13U));
}

namespace {

/// Without branches, so that compilers turn loops over it into vector code.
inline std::uint16_t Rounded(float value) {
  constexpr std::uint32_t kInfinity = 0x7F800000U;
  constexpr std::uint32_t kSmallestNormalHalf = 0x38800000U;  // 2^-14
  constexpr std::uint32_t kRoundsToInfinity = 0x477FF000U;    // 65520
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16U) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  // Below 2^-14 a half counts in steps of 2^-24, which are the steps of a float near 0.5: adding
  // 0.5 makes the floating-point unit round, ties to even.
  const float small = magnitude < kSmallestNormalHalf ? std::bit_cast<float>(magnitude) : 0.0F;
  const std::uint32_t subnormal =
      std::bit_cast<std::uint32_t>(small + 0.5F) - std::bit_cast<std::uint32_t>(0.5F);
  // Otherwise: move the exponent's bias from 127 to 15 and round the 13 bits that fall away.
  const std::uint32_t odd = (magnitude >> 13U) & 1U;
  const std::uint32_t normal = (magnitude - (112U << 23U) + 0xFFFU + odd) >> 13U;
  const std::uint32_t quiet_nan = 0x7E00U | ((magnitude >> 13U) & 0x3FFU);
  std::uint32_t half = magnitude < kSmallestNormalHalf ? subnormal : normal;
  half = magnitude >= kRoundsToInfinity ? 0x7C00U : half;
  half = magnitude > kInfinity ? quiet_nan : half;
  return static_cast<std::uint16_t>(sign | half);
}

}  // namespace

std::uint16_t FloatToHalf(float value) {
  return Rounded(value);
}

void FloatsToHalves(const float* values, std::size_t count, std::uint16_t* halves) {
  for (std::size_t i = 0; i < count; ++i) halves[i] = Rounded(values[i]);
}

float BFloat16ToFloat(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
}

std::uint16_t FloatToBFloat16(float value) {
  constexpr std::uint32_t kQuiet = 0x40;
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) return static_cast<std::uint16_t>(bits >> 16U | kQuiet);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

}  // namespace fovea
