#include "tools/attention-dump/render/color.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace fovea::dump {
namespace {

using Anchors = std::array<Rgb, 9>;

// ColorBrewer's nine-class "Blues" (C. Brewer) and nine even samples of "viridis" (S. van der Walt
// and N. Smith, CC0); colours between are interpolated.
constexpr Anchors kBlues = {{{0xf7, 0xfb, 0xff},
                             {0xde, 0xeb, 0xf7},
                             {0xc6, 0xdb, 0xef},
                             {0x9e, 0xca, 0xe1},
                             {0x6b, 0xae, 0xd6},
                             {0x42, 0x92, 0xc6},
                             {0x21, 0x71, 0xb5},
                             {0x08, 0x51, 0x9c},
                             {0x08, 0x30, 0x6b}}};
constexpr Anchors kViridis = {{{0x44, 0x01, 0x54},
                               {0x47, 0x2d, 0x7b},
                               {0x3b, 0x52, 0x8b},
                               {0x2c, 0x72, 0x8e},
                               {0x21, 0x91, 0x8c},
                               {0x28, 0xae, 0x80},
                               {0x5e, 0xc9, 0x62},
                               {0xad, 0xdc, 0x30},
                               {0xfd, 0xe7, 0x25}}};
constexpr Rgb kNotANumber = {0xe6, 0x55, 0x0d};

std::uint8_t Blend(std::uint8_t from, std::uint8_t to, double share) {
  return static_cast<std::uint8_t>(std::lround(from + (to - from) * share));
}

}  // namespace

double ScalePosition(double weight, bool log_scale) {
  if (!log_scale) return std::clamp(weight, 0.0, 1.0);
  if (weight <= kLogScaleMinimum) return 0.0;
  return std::min(1.0, 1.0 - std::log10(weight) / std::log10(kLogScaleMinimum));
}

ColorMap::ColorMap(std::string_view name) {
  const Anchors& anchors = name == "viridis" ? kViridis : kBlues;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const double position = static_cast<double>(i) / static_cast<double>(steps_.size() - 1) *
                            static_cast<double>(anchors.size() - 1);
    const std::size_t below = std::min(static_cast<std::size_t>(position), anchors.size() - 2);
    const double share = position - static_cast<double>(below);
    const Rgb& from = anchors[below];
    const Rgb& to = anchors[below + 1];
    steps_[i] = {Blend(from.red, to.red, share), Blend(from.green, to.green, share),
                 Blend(from.blue, to.blue, share)};
  }
}

Rgb ColorMap::At(double position) const {
  return steps_[static_cast<std::size_t>(std::lround(std::clamp(position, 0.0, 1.0) * 255.0))];
}

Rgb ColorMap::OfWeight(double weight, bool log_scale) const {
  if (std::isnan(weight)) return kNotANumber;
  return At(ScalePosition(weight, log_scale));
}

Rgb TextColorOn(Rgb background) {
  // Rec. 709 luma is close enough to decide between two extremes.
  const double luma =
      0.2126 * background.red + 0.7152 * background.green + 0.0722 * background.blue;
  return luma < 140.0 ? Rgb{0xff, 0xff, 0xff} : Rgb{0x11, 0x11, 0x11};
}

}  // namespace fovea::dump
