// IQ4_NL and IQ4_XS: numbers become the nearest of sixteen levels of uneven distance, times a scale
// of 32 numbers that is fitted by least squares.
#include <cmath>

#include "engine/quantize/encode_block.h"
#include "engine/quantize/shared_scale.h"
#include "engine/tensor/dequantize.h"

namespace fovea {
namespace {

constexpr std::size_t kGroup = kSmallBlock;
constexpr std::size_t kGroups = kSuperBlock / kGroup;
constexpr int kLevels = std::size(kIQ4NLValues);

/// The nearest level of every half integer from -128 to 127.5. The middles between neighbouring
/// levels are half integers, so all numbers up to the next entry have the same nearest level.
constexpr int kSteps = 512;
struct NearestLevels {
  constexpr NearestLevels() {
    std::uint8_t level = 0;
    for (int step = 0; step < kSteps; ++step) {
      while (level + 1 < kLevels &&
             step - kSteps / 2 >= kIQ4NLValues[level] + kIQ4NLValues[level + 1]) {
        ++level;
      }
      index[step] = level;
      value[step] = static_cast<float>(kIQ4NLValues[level]);
    }
  }
  std::uint8_t index[kSteps] = {};
  float value[kSteps] = {};
};
constexpr NearestLevels kNearest;

/// The entry of kNearest; that of the lowest level for NaN (a zero times an infinite inverse
/// scale).
std::size_t StepOf(float value) {
  constexpr std::size_t kMiddle = kSteps / 2;
  const float step = value * 2.0F + static_cast<float>(kMiddle);
  const float from_zero = step > 0.0F ? step : 0.0F;
  constexpr float kLast = kSteps - 1;
  return static_cast<std::size_t>(static_cast<int>(from_zero < kLast ? from_zero : kLast));
}

unsigned NearestLevel(float value) {
  return kNearest.index[StepOf(value)];
}

float LevelOf(float value) {
  return kNearest.value[StepOf(value)];
}

/// The scale with the least error for the levels that rounding with `inverse` gives, and by how
/// much it lowers the squared error, compared with zeros.
struct Fit {
  float scale = 0.0F;
  float gain = 0.0F;
};

Fit FitWith(const float* values, float inverse) {
  constexpr std::size_t kLanes = 4;
  float square[kLanes] = {};
  float product[kLanes] = {};
  for (std::size_t i = 0; i < kGroup; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const float level = LevelOf(values[i + lane] * inverse);
      square[lane] += level * level;
      product[lane] += level * values[i + lane];
    }
  }
  const float squares = (square[0] + square[2]) + (square[1] + square[3]);  // No level is 0.
  const float products = (product[0] + product[2]) + (product[1] + product[3]);
  const float scale = products / squares;
  return {scale, scale * products};
}

/// The scale, of either sign because the levels are not symmetric, with the least squared error
/// over values[32].
float FitScale(const float* values) {
  float peak = 0.0F;
  for (std::size_t i = 0; i < kGroup; ++i) peak = std::fmax(peak, std::abs(values[i]));
  // No half float is that small.
  if (!(peak > 0x1p-40F)) return 0.0F;
  Fit best;
  const auto consider = [&](float inverse) {
    const Fit fit = FitWith(values, inverse);
    if (fit.gain > best.gain) best = fit;
  };
  // From the peak well inside the levels to beyond the last one: clipping it often pays for smaller
  // steps between the others.
  for (const float sign : {1.0F, -1.0F}) {
    for (int target = 92; target <= 148; target += 8) {
      consider(sign * static_cast<float>(target) / peak);
    }
  }
  // Levels that are the nearest for the scale found, and the scale for those again.
  constexpr int kRefinements = 2;
  for (int i = 0; i < kRefinements; ++i) consider(1.0F / best.scale);
  return best.scale;
}

float ErrorWith(const float* values, float scale) {
  const float inverse = Ratio(1.0F, scale);
  float error = 0.0F;
  for (std::size_t i = 0; i < kGroup; ++i) {
    const float difference = LevelOf(values[i] * inverse) * scale - values[i];
    error += difference * difference;
  }
  return error;
}

/// Low nibbles are the first 16 numbers.
void PackLevels(const float* values, float scale, std::uint8_t* nibbles) {
  const float inverse = Ratio(1.0F, scale);
  constexpr std::size_t kHalf = kGroup / 2;
  for (std::size_t i = 0; i < kHalf; ++i) {
    const unsigned low = NearestLevel(values[i] * inverse);
    const unsigned high = NearestLevel(values[i + kHalf] * inverse);
    nibbles[i] = static_cast<std::uint8_t>(low | (high << 4U));
  }
}

constexpr int kLowestScale = -32;
constexpr int kHighestScale = 31;

/// The integers of the groups for one shared scale.
struct GroupScales {
  std::uint16_t shared = 0;
  int scales[kGroups] = {};
  float error = 0.0F;
};

/// Of the integers on either side of what each group wants, those with the smaller error.
GroupScales ChooseScales(const float* values, const float* wanted, float shared) {
  GroupScales chosen;
  chosen.shared = SharedScale(shared);
  const float scale = HalfToFloat(chosen.shared);
  for (std::size_t group = 0; group < kGroups; ++group) {
    const int below = IntegerBelow(Ratio(wanted[group], scale), kLowestScale, kHighestScale);
    float least = INFINITY;
    for (int s = below; s <= std::min(below + 1, kHighestScale); ++s) {
      const float error = ErrorWith(values + group * kGroup, scale * static_cast<float>(s));
      if (!(error < least)) continue;
      least = error;
      chosen.scales[group] = s;
    }
    chosen.error += least;
  }
  return chosen;
}

/// The shared scale with the least error for the levels and integers that `chosen` gives.
float SolveShared(const float* values, const GroupScales& chosen) {
  const float shared = HalfToFloat(chosen.shared);
  double squares = 0.0;
  double products = 0.0;
  for (std::size_t i = 0; i < kSuperBlock; ++i) {
    const std::size_t group = i / kGroup;
    const auto scale = static_cast<float>(chosen.scales[group]);
    const float factor = scale * LevelOf(values[i] * Ratio(1.0F, shared * scale));
    squares += static_cast<double>(factor) * static_cast<double>(factor);
    products += static_cast<double>(factor) * static_cast<double>(values[i]);
  }
  return squares > 0.0 ? static_cast<float>(products / squares) : 0.0F;
}

}  // namespace

void EncodeBlock(const float* values, BlockIQ4_NL* block) {
  block->scale = SharedScale(FitScale(values));
  PackLevels(values, HalfToFloat(block->scale), block->nibbles);
}

void EncodeBlock(const float* values, BlockIQ4_XS* block) {
  float wanted[kGroups];
  float peak = 0.0F;  // with its sign
  float most = 0.0F;  // |peak|, kept for the same reason as in encode_k.cc
  for (std::size_t group = 0; group < kGroups; ++group) {
    wanted[group] = FitScale(values + group * kGroup);
    const float magnitude = std::abs(wanted[group]);
    if (!(magnitude > most)) continue;
    most = magnitude;
    peak = wanted[group];
  }
  // The largest scale becomes -32, the one integer that has no positive counterpart.
  GroupScales best = ChooseScales(values, wanted, peak / static_cast<float>(kLowestScale));
  const GroupScales again = ChooseScales(values, wanted, SolveShared(values, best));
  if (again.error < best.error) best = again;

  *block = {};
  block->scale = best.shared;
  const float scale = HalfToFloat(best.shared);
  for (std::size_t group = 0; group < kGroups; ++group) {
    const auto stored = static_cast<unsigned>(best.scales[group] - kLowestScale);
    block->low_scales[group / 2] = static_cast<std::uint8_t>(block->low_scales[group / 2] |
                                                             ((stored & 15U) << (4 * (group % 2))));
    block->high_scales =
        static_cast<std::uint16_t>(block->high_scales | ((stored >> 4U) << (2 * group)));
    PackLevels(values + group * kGroup, scale * static_cast<float>(best.scales[group]),
               block->nibbles + group * (kGroup / 2));
  }
}

}  // namespace fovea
