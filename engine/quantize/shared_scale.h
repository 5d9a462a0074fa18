// A scale as blocks store it: a half float for the whole block, times small integers of its groups.
#ifndef FOVEA_QUANTIZE_SHARED_SCALE_H_
#define FOVEA_QUANTIZE_SHARED_SCALE_H_

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "engine/tensor/dequantize.h"
#include "engine/tensor/weight_types.h"

namespace fovea {

/// Rounded to a finite half float. Subnormal half floats are coarse: there it is rounded up in
/// magnitude, because the integers that multiply it can shrink but not grow.
inline std::uint16_t SharedScale(float scale) {
  const float magnitude = std::min(std::abs(scale), kLargestHalf);
  std::uint16_t half = FloatToHalf(magnitude);
  if (HalfToFloat(half) < magnitude && magnitude < 0x1p-14F) ++half;
  return static_cast<std::uint16_t>(half | (scale < 0.0F ? 0x8000U : 0U));
}

/// The integer at or just below a value, so that it and the next one enclose the value.
inline int IntegerBelow(float value, int low, int high) {
  return static_cast<int>(
      std::floor(std::clamp(value, static_cast<float>(low), static_cast<float>(high))));
}

inline float Ratio(float numerator, float denominator) {
  return denominator != 0.0F ? numerator / denominator : 0.0F;
}

}  // namespace fovea

#endif  // FOVEA_QUANTIZE_SHARED_SCALE_H_
