// Least-squares fits of one group of numbers, the inner loop of the encoders of super-blocks. The
// same steps in the same order everywhere, so that every machine writes the same bytes.
#ifndef FOVEA_QUANTIZE_GROUP_FIT_H_
#define FOVEA_QUANTIZE_GROUP_FIT_H_

#include <cstddef>
#include <cstdint>

namespace fovea {

/// Elements that share a scale and a minimum in Q4_K and Q5_K, and a scale in Q6_K.
inline constexpr std::size_t kMinGroup = 32;
inline constexpr std::size_t kSignedGroup = 16;

/// value = scale * quant - minimum, both not negative.
struct ScaleAndMinimum {
  float scale = 0.0F;
  float minimum = 0.0F;
};

/// The pair with the least squared error over values[32] when quants are 0..top; found by rounding
/// with several steps around range / top and solving for the pair each time.
ScaleAndMinimum FitScaleAndMinimum(const float* values, int top);

/// The squared error that is left when values[32] get the nearest quants for a given pair.
float ErrorWith(const float* values, const ScaleAndMinimum& pair, int top);

/// The nearest quants for a given pair.
void QuantizeWith(const float* values, const ScaleAndMinimum& pair, int top, std::uint8_t* quants);

/// value = scale * quant with quants from -32 to 31: the scale (of either sign) with the least
/// squared error over values[16].
float FitSignedScale(const float* values);

/// As above for values[16]; quants are stored with 32 added.
float SignedErrorWith(const float* values, float scale);
void QuantizeSignedWith(const float* values, float scale, std::uint8_t* quants);

}  // namespace fovea

#endif  // FOVEA_QUANTIZE_GROUP_FIT_H_
