#include "tools/attention-dump/base/half.h"

#include <cmath>
#include <limits>

namespace fovea::dump {

float FloatFromHalf(std::uint16_t half) {
  const int exponent = (half >> 10) & 0x1F;
  const int fraction = half & 0x3FF;
  float magnitude = 0.0F;
  if (exponent == 0x1F) {
    magnitude = fraction == 0 ? std::numeric_limits<float>::infinity()
                              : std::numeric_limits<float>::quiet_NaN();
  } else if (exponent == 0) {
    magnitude = std::ldexp(static_cast<float>(fraction), -24);
  } else {
    magnitude = std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
  }
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

void HalvesFromFloats(const float* values, std::size_t count, std::uint16_t* halves) {
  for (std::size_t i = 0; i < count; ++i) halves[i] = HalfFromFloat(values[i]);
}

}  // namespace fovea::dump
