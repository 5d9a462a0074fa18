// Random numbers for made-up weights: each row of each tensor has a stream of its own, so that rows
// can be filled by any thread in any order.
#ifndef FOVEA_TOOLS_FOVEA_SYNTH_WEIGHTS_H_
#define FOVEA_TOOLS_FOVEA_SYNTH_WEIGHTS_H_

#include <cstdint>
#include <span>

namespace fovea::tools {

struct SynthRow {
  std::uint64_t seed = 0;
  std::uint64_t tensor = 0;
  std::uint64_t row = 0;
};

/// Nearly normal numbers around `mean`: sums of four uniform ones, none beyond 3.5 deviations.
void FillSynthRow(const SynthRow& row, float mean, float deviation, std::span<float> out);

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_FOVEA_SYNTH_WEIGHTS_H_
