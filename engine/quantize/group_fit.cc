#include "engine/quantize/group_fit.h"

#include <cmath>
#include <xsimd/xsimd.hpp>

namespace fovea {
namespace {

// Always 128 bits, SSE2 or NEON, which every 64-bit CPU has: no dispatch, no compiler flags, and
// the same order of additions everywhere.
#if XSIMD_WITH_NEON64
using Simd128 = xsimd::neon64;
#elif XSIMD_WITH_NEON
using Simd128 = xsimd::neon;
#else
using Simd128 = xsimd::sse2;
#endif
using Floats = xsimd::batch<float, Simd128>;
constexpr std::size_t kLanes = 4;

Floats Load(const float* from) {
  return Floats::load_unaligned(from);
}

float Sum(const Floats& values) {
  float lanes[kLanes];
  values.store_unaligned(lanes);
  return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]);
}

/// The nearest integer, even on a tie, for magnitudes below 2^22.
Floats Nearest(const Floats& values) {
  const Floats round(12582912.0F);  // 1.5 * 2^23
  return (values + round) - round;
}

Floats Clamp(const Floats& values, const Floats& low, const Floats& high) {
  return xsimd::min(xsimd::max(values, low), high);
}

struct Sums {
  float values = 0.0F;  ///< Σ x
  float low = 0.0F;
  float high = 0.0F;
};

Sums SumsOf(const float* values) {
  Floats sum = Load(values);
  Floats low = sum;
  Floats high = sum;
  for (std::size_t i = kLanes; i < kMinGroup; i += kLanes) {
    const Floats value = Load(values + i);
    sum = sum + value;
    low = xsimd::min(low, value);
    high = xsimd::max(high, value);
  }
  float lows[kLanes];
  float highs[kLanes];
  low.store_unaligned(lows);
  high.store_unaligned(highs);
  Sums out{Sum(sum), lows[0], highs[0]};
  for (std::size_t lane = 1; lane < kLanes; ++lane) {
    out.low = std::fmin(out.low, lows[lane]);
    out.high = std::fmax(out.high, highs[lane]);
  }
  return out;
}

/// Sums over the quants that rounding with one step gives.
struct QuantSums {
  float quants = 0.0F;    ///< Σ q
  float squares = 0.0F;   ///< Σ q²
  float products = 0.0F;  ///< Σ q x
};

QuantSums SumsOfQuants(const float* values, float low, float inverse, float top) {
  const Floats lows(low);
  const Floats inverses(inverse);
  const Floats tops(top);
  const Floats zeros(0.0F);
  Floats quants(0.0F);
  Floats squares(0.0F);
  Floats products(0.0F);
  for (std::size_t i = 0; i < kMinGroup; i += kLanes) {
    const Floats value = Load(values + i);
    const Floats quant = Nearest(Clamp((value - lows) * inverses, zeros, tops));
    quants = quants + quant;
    squares = squares + quant * quant;
    products = products + quant * value;
  }
  return {Sum(quants), Sum(squares), Sum(products)};
}

/// The pair that minimises Σ (scale q - minimum - x)², minimum and scale not negative.
ScaleAndMinimum Solve(const Sums& sums, const QuantSums& quant_sums) {
  constexpr auto kCount = static_cast<float>(kMinGroup);
  const float determinant = kCount * quant_sums.squares - quant_sums.quants * quant_sums.quants;
  ScaleAndMinimum pair;
  if (determinant > 0.0F) {
    pair.scale = (kCount * quant_sums.products - sums.values * quant_sums.quants) / determinant;
    pair.minimum =
        (quant_sums.quants * quant_sums.products - sums.values * quant_sums.squares) / determinant;
  }
  if (determinant <= 0.0F || pair.minimum < 0.0F) {
    pair.minimum = 0.0F;
    pair.scale = quant_sums.squares > 0.0F ? quant_sums.products / quant_sums.squares : 0.0F;
  }
  if (pair.scale < 0.0F) pair.scale = 0.0F;
  return pair;
}

/// Σ (scale q - minimum - x)² without Σ x², which is the same for every pair.
float ErrorOf(const ScaleAndMinimum& pair, const Sums& sums, const QuantSums& quant_sums) {
  constexpr auto kCount = static_cast<float>(kMinGroup);
  const float with_scale =
      pair.scale * (pair.scale * quant_sums.squares - 2.0F * quant_sums.products);
  const float with_minimum = pair.minimum * (kCount * pair.minimum + 2.0F * sums.values);
  return with_scale + with_minimum - 2.0F * pair.scale * pair.minimum * quant_sums.quants;
}

float InverseOf(float scale) {
  return scale != 0.0F ? 1.0F / scale : 0.0F;
}

void StoreQuants(const Floats& quants, std::uint8_t* out) {
  float lanes[kLanes];
  quants.store_unaligned(lanes);
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    out[lane] = static_cast<std::uint8_t>(static_cast<int>(lanes[lane]));
  }
}

}  // namespace

ScaleAndMinimum FitScaleAndMinimum(const float* values, int top) {
  Sums sums = SumsOf(values);
  if (sums.low > 0.0F) sums.low = 0.0F;
  if (!(sums.high > sums.low)) return {0.0F, -sums.low};
  const float range = sums.high - sums.low;
  const auto levels = static_cast<float>(top);
  ScaleAndMinimum best{range / levels, -sums.low};
  float least = INFINITY;
  // Steps from a little coarser to a good deal finer than range / top: clipping the extremes often
  // pays for the smaller steps between the others.
  constexpr int kCoarser = 8;
  constexpr int kFiner = 16;
  for (int i = -kCoarser; i <= kFiner; ++i) {
    const float inverse = (levels + 0.125F * static_cast<float>(i)) / range;
    const QuantSums quant_sums = SumsOfQuants(values, sums.low, inverse, levels);
    const ScaleAndMinimum pair = Solve(sums, quant_sums);
    const float error = ErrorOf(pair, sums, quant_sums);
    if (error < least) {
      least = error;
      best = pair;
    }
  }
  return best;
}

float ErrorWith(const float* values, const ScaleAndMinimum& pair, int top) {
  const Floats scales(pair.scale);
  const Floats minimums(pair.minimum);
  const Floats inverses(InverseOf(pair.scale));
  const Floats tops(static_cast<float>(top));
  const Floats zeros(0.0F);
  Floats squares(0.0F);
  for (std::size_t i = 0; i < kMinGroup; i += kLanes) {
    const Floats raised = Load(values + i) + minimums;
    const Floats quant = Nearest(Clamp(raised * inverses, zeros, tops));
    const Floats difference = quant * scales - raised;
    squares = squares + difference * difference;
  }
  return Sum(squares);
}

void QuantizeWith(const float* values, const ScaleAndMinimum& pair, int top, std::uint8_t* quants) {
  const Floats minimums(pair.minimum);
  const Floats inverses(InverseOf(pair.scale));
  const Floats tops(static_cast<float>(top));
  const Floats zeros(0.0F);
  for (std::size_t i = 0; i < kMinGroup; i += kLanes) {
    const Floats raised = Load(values + i) + minimums;
    StoreQuants(Nearest(Clamp(raised * inverses, zeros, tops)), quants + i);
  }
}

float FitSignedScale(const float* values) {
  Floats peaks(0.0F);
  for (std::size_t i = 0; i < kSignedGroup; i += kLanes) {
    peaks = xsimd::max(peaks, xsimd::abs(Load(values + i)));
  }
  float lanes[kLanes];
  peaks.store_unaligned(lanes);
  const float peak = std::fmax(std::fmax(lanes[0], lanes[1]), std::fmax(lanes[2], lanes[3]));
  if (!(peak > 0.0F)) return 0.0F;
  const Floats lowest(-32.0F);
  const Floats highest(31.0F);
  float best = 0.0F;
  float most = -1.0F;
  // Either sign, because there is one more quant below zero than above.
  constexpr int kSteps = 12;
  for (const float sign : {1.0F, -1.0F}) {
    for (int i = 0; i <= kSteps; ++i) {
      const Floats inverses(sign * (30.0F + 0.25F * static_cast<float>(i)) / peak);
      Floats squares(0.0F);
      Floats products(0.0F);
      for (std::size_t k = 0; k < kSignedGroup; k += kLanes) {
        const Floats value = Load(values + k);
        const Floats quant = Nearest(Clamp(value * inverses, lowest, highest));
        squares = squares + quant * quant;
        products = products + quant * value;
      }
      const float square = Sum(squares);
      const float product = Sum(products);
      if (!(square > 0.0F)) continue;
      // With the best scale for these quants, the error is Σ x² less scale * product.
      const float scale = product / square;
      if (scale * product > most) {
        most = scale * product;
        best = scale;
      }
    }
  }
  return best;
}

float SignedErrorWith(const float* values, float scale) {
  const Floats scales(scale);
  const Floats inverses(InverseOf(scale));
  const Floats lowest(-32.0F);
  const Floats highest(31.0F);
  Floats squares(0.0F);
  for (std::size_t i = 0; i < kSignedGroup; i += kLanes) {
    const Floats value = Load(values + i);
    const Floats difference = Nearest(Clamp(value * inverses, lowest, highest)) * scales - value;
    squares = squares + difference * difference;
  }
  return Sum(squares);
}

void QuantizeSignedWith(const float* values, float scale, std::uint8_t* quants) {
  const Floats inverses(InverseOf(scale));
  const Floats lowest(-32.0F);
  const Floats highest(31.0F);
  const Floats zero_point(32.0F);
  for (std::size_t i = 0; i < kSignedGroup; i += kLanes) {
    const Floats quant = Nearest(Clamp(Load(values + i) * inverses, lowest, highest));
    StoreQuants(quant + zero_point, quants + i);
  }
}

}  // namespace fovea
