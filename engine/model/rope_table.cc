#include "engine/model/rope_table.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace fovea::model {
namespace {

/// The pair that turns `rotations` times over the original context (YaRN, section 3.2).
double PairOfRotations(const RopeParameters& p, double rotations) {
  const double context = static_cast<double>(p.original_context);
  return static_cast<double>(p.dims) * std::log(context / (rotations * 2.0 * std::numbers::pi)) /
         (2.0 * std::log(static_cast<double>(p.base)));
}

}  // namespace

RopeTable::RopeTable(const RopeParameters& p, std::span<const float> factors)
    : frequencies_(p.dims / 2), magnitude_(p.attention_factor) {
  const double stretch = 1.0 / static_cast<double>(p.factor);
  const bool yarn = p.scaling == RopeScaling::kYarn;
  double low = 0.0;
  double high = 0.0;
  if (yarn) {
    low = std::max(0.0, std::floor(PairOfRotations(p, p.yarn_beta_fast)));
    high = std::min(static_cast<double>(p.dims) - 1.0,
                    std::ceil(PairOfRotations(p, p.yarn_beta_slow)));
    magnitude_ *= 1.0 + 0.1 * std::log(1.0 / stretch);
  }
  for (std::size_t i = 0; i < frequencies_.size(); ++i) {
    const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(p.dims);
    double frequency = std::pow(static_cast<double>(p.base), exponent);
    if (!factors.empty()) frequency /= static_cast<double>(factors[i]);
    double kept = 0.0;  // share of the unstretched frequency
    if (yarn) {
      const double ramp = (static_cast<double>(i) - low) / std::max(0.001, high - low);
      kept = 1.0 - std::clamp(ramp, 0.0, 1.0);
    }
    frequencies_[i] = frequency * (stretch * (1.0 - kept) + kept);
  }
}

void RopeTable::Fill(std::size_t position, float* cosine, float* sine) const {
  for (std::size_t i = 0; i < frequencies_.size(); ++i) {
    const double angle = static_cast<double>(position) * frequencies_[i];
    cosine[i] = static_cast<float>(std::cos(angle) * magnitude_);
    sine[i] = static_cast<float>(std::sin(angle) * magnitude_);
  }
}

}  // namespace fovea::model
