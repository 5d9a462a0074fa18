#include "engine/text/vocabulary_math.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "engine/text/simd128.h"

namespace fovea::text {
namespace {

// exp(x) = 2^n * exp(r), n = round(x / ln 2), |r| <= ln 2 / 2. ln 2 is split in two so that n *
// kLn2High is exact; the polynomial is the minimax one of the Cephes library for that interval.
constexpr float kSmallestExponent = -87.0F;  // exp(-87) is still a normal number
constexpr float kLog2E = 1.44269504088896341F;
constexpr float kLn2High = 0.693359375F;
constexpr float kLn2Low = -2.12194440e-4F;
constexpr float kPolynomial[] = {1.9875691500e-4F, 1.3981999507e-3F, 8.3334519073e-3F,
                                 4.1665795894e-2F, 1.6666665459e-1F, 5.0000001201e-1F};
/// Adding and subtracting 1.5 * 2^23 rounds a small float to the nearest integer, ties to even.
constexpr float kRounder = 12582912.0F;

/// One exp for both widths: T is float or a vector of floats. x is in [kSmallestExponent, 0].
template <typename T>
T ExpFraction(T x, T* n) {
  *n = (x * T(kLog2E) + T(kRounder)) - T(kRounder);
  const T r = (x - *n * T(kLn2High)) - *n * T(kLn2Low);
  T p = T(kPolynomial[0]);
  for (std::size_t i = 1; i < 6; ++i) p = p * r + T(kPolynomial[i]);
  return p * (r * r) + r + T(1.0F);
}

float ScaleByPowerOfTwo(float value, float n) {
  const std::int32_t bits = (static_cast<std::int32_t>(n) + 127) << 23;
  float scale;
  std::memcpy(&scale, &bits, sizeof scale);
  return value * scale;
}

#if FOVEA_HAS_SIMD128
Floats128 ScaleByPowerOfTwo(Floats128 value, Floats128 n) {
  const Ints128 bits = (xsimd::to_int(n) + Ints128(127)) << 23;
  return value * xsimd::bitwise_cast<Floats128>(bits);
}
#endif

/// Finite even for the smallest temperatures, so that 0 * inverse stays 0.
float Inverse(float temperature) {
  return std::min(1.0F / temperature, std::numeric_limits<float>::max());
}

#if FOVEA_HAS_SIMD128
Floats128 LoadFloats(const float* values) {
  return Floats128::load_unaligned(values);
}
#endif

}  // namespace

#if FOVEA_HAS_SIMD128

std::optional<std::size_t> FirstNonFinite(std::span<const float> values) {
  const Floats128 largest(std::numeric_limits<float>::max());
  std::size_t i = 0;
  while (i + kFloatsPerVector <= values.size() &&
         xsimd::all(xsimd::abs(LoadFloats(values.data() + i)) <= largest)) {
    i += kFloatsPerVector;
  }
  const auto found = scalar::FirstNonFinite(values.subspan(i));
  return found ? std::optional<std::size_t>(i + *found) : std::nullopt;
}

float MaxValue(std::span<const float> values) {
  Floats128 best(-std::numeric_limits<float>::infinity());
  std::size_t i = 0;
  for (; i + kFloatsPerVector <= values.size(); i += kFloatsPerVector) {
    const Floats128 next = LoadFloats(values.data() + i);
    best = xsimd::select(next > best, next, best);
  }
  float lanes[kFloatsPerVector];
  best.store_unaligned(lanes);
  const float tail = scalar::MaxValue(values.subspan(i));
  const float most = scalar::MaxValue(lanes);
  return tail > most ? tail : most;
}

void SoftmaxWeights(std::span<const float> logits, float max, float temperature,
                    std::span<float> weights) {
  const Floats128 smallest(kSmallestExponent);
  const Floats128 zero(0.0F);
  // Multiplied, not divided: xsimd's division on ARM is an approximation.
  const float inverse = Inverse(temperature);
  std::size_t i = 0;
  for (; i + kFloatsPerVector <= logits.size(); i += kFloatsPerVector) {
    const Floats128 x = (LoadFloats(logits.data() + i) - Floats128(max)) * Floats128(inverse);
    const auto keep = x >= smallest;
    Floats128 n;
    const Floats128 fraction = ExpFraction(xsimd::select(keep, x, zero), &n);
    xsimd::select(keep, ScaleByPowerOfTwo(fraction, n), zero).store_unaligned(weights.data() + i);
  }
  scalar::SoftmaxWeights(logits.subspan(i), max, temperature, weights.subspan(i));
}

#else

std::optional<std::size_t> FirstNonFinite(std::span<const float> values) {
  return scalar::FirstNonFinite(values);
}

float MaxValue(std::span<const float> values) {
  return scalar::MaxValue(values);
}

void SoftmaxWeights(std::span<const float> logits, float max, float temperature,
                    std::span<float> weights) {
  scalar::SoftmaxWeights(logits, max, temperature, weights);
}

#endif

namespace scalar {

std::optional<std::size_t> FirstNonFinite(std::span<const float> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) return i;
  }
  return std::nullopt;
}

float MaxValue(std::span<const float> values) {
  float best = -std::numeric_limits<float>::infinity();
  for (const float value : values) {
    if (value > best) best = value;
  }
  return best;
}

void SoftmaxWeights(std::span<const float> logits, float max, float temperature,
                    std::span<float> weights) {
  const float inverse = Inverse(temperature);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const float x = (logits[i] - max) * inverse;
    if (!(x >= kSmallestExponent)) {
      weights[i] = 0.0F;
      continue;
    }
    float n = 0.0F;
    const float fraction = ExpFraction(x, &n);
    weights[i] = ScaleByPowerOfTwo(fraction, n);
  }
}

}  // namespace scalar
}  // namespace fovea::text
