// Weights to colours: "Blues" and "viridis" on a fixed 0–1 scale, linear or logarithmic, so that
// two pictures can be compared.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_RENDER_COLOR_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_RENDER_COLOR_H_

#include <array>
#include <cstdint>
#include <string_view>

namespace fovea::dump {

struct Rgb {
  std::uint8_t red = 0, green = 0, blue = 0;
  bool operator==(const Rgb&) const = default;
};

/// Smallest weight that a log scale tells apart from zero.
inline constexpr double kLogScaleMinimum = 1e-4;

/// Where a weight lies on the colour bar, 0 to 1. Weights outside 0–1 are clamped.
double ScalePosition(double weight, bool log_scale);

class ColorMap {
 public:
  /// "viridis", or "blues" for every other name.
  explicit ColorMap(std::string_view name);

  /// Colour at 0 … 1 of the scale, in 256 steps.
  Rgb At(double position) const;
  /// Colour of a weight; a NaN gets a colour that no number has.
  Rgb OfWeight(double weight, bool log_scale) const;

 private:
  std::array<Rgb, 256> steps_;
};

/// Black or white, whichever is easier to read on `background`.
Rgb TextColorOn(Rgb background);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_RENDER_COLOR_H_
