// IEEE 754 binary16, the two-byte floats that arrays and caches are stored in.
#ifndef FOVEA_HALF_H_
#define FOVEA_HALF_H_

#include <cstddef>
#include <cstdint>

namespace fovea {

/// The exact value of a half; a NaN becomes quiet. Example:
/// @code
/// float one = HalfToFloat(0x3C00);
/// @endcode
float HalfToFloat(std::uint16_t half);

/// Rounds to nearest, ties to even. Too large becomes infinity, a NaN stays one and becomes quiet.
/// Example:
/// @code
/// std::uint16_t one = FloatToHalf(1.0F);  // 0x3C00
/// @endcode
std::uint16_t FloatToHalf(float value);

/// FloatToHalf of `count` values, many at a time. Example:
/// @code
/// std::vector<std::uint16_t> halves(norm.size());
/// FloatsToHalves(norm.data(), norm.size(), halves.data());
/// @endcode
void FloatsToHalves(const float* values, std::size_t count, std::uint16_t* halves);

}  // namespace fovea

#endif  // FOVEA_HALF_H_
