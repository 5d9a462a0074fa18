#include <bit>

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

std::uint16_t FloatToHalf(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16U) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  std::uint32_t half = 0;
  if (magnitude > 0x7F800000U) {
    half = 0x7E00U | ((magnitude >> 13U) & 0x3FFU);  // NaN, made quiet
  } else if (magnitude >= 0x477FF000U) {
    half = 0x7C00U;  // 65520 and above round to infinity
  } else if (magnitude >= 0x38800000U) {
    // Normal: drop 13 bits of mantissa; adding half a unit minus one, plus the last kept bit,
    // rounds to nearest even, and a carry into the exponent is right as it is.
    const std::uint32_t rebased = magnitude - (112U << 23U);
    half = (rebased + 0xFFFU + ((rebased >> 13U) & 1U)) >> 13U;
  } else if (magnitude >= 0x33000000U) {
    // Subnormal: count units of 2^-24. Below 2^-25 everything rounds to zero.
    const std::uint32_t exponent = magnitude >> 23U;
    const std::uint32_t mantissa = (magnitude & 0x7FFFFFU) | 0x800000U;
    const std::uint32_t shift = 126U - exponent;
    const std::uint32_t kept = mantissa >> shift;
    const std::uint32_t rest = mantissa & ((1U << shift) - 1U);
    const std::uint32_t middle = 1U << (shift - 1U);
    const bool up = rest > middle || (rest == middle && (kept & 1U) != 0);
    half = kept + (up ? 1U : 0U);
  }
  return static_cast<std::uint16_t>(sign | half);
}

float BFloat16ToFloat(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
}

}  // namespace fovea
