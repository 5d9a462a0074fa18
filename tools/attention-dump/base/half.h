// float32 to IEEE 754 binary16, rounded to nearest even: what the dump stores by default.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_HALF_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_HALF_H_

#include <bit>
#include <cstddef>
#include <cstdint>

namespace fovea::dump {

/// Branch-free, so that compilers turn loops over it into vector code. Too large becomes infinity,
/// NaN stays NaN.
inline std::uint16_t HalfFromFloat(float value) {
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
  std::uint32_t half = magnitude < kSmallestNormalHalf ? subnormal : normal;
  half = magnitude >= kRoundsToInfinity ? 0x7C00U : half;
  half = magnitude > kInfinity ? 0x7E00U : half;
  return static_cast<std::uint16_t>(sign | half);
}

/// The exact value of a half.
float FloatFromHalf(std::uint16_t half);

void HalvesFromFloats(const float* values, std::size_t count, std::uint16_t* halves);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_HALF_H_
