#include "tools/fovea/synth_weights.h"

#include <bit>

namespace fovea::tools {
namespace {

/// SplitMix64: well-mixed words from a counter.
class SplitMix {
 public:
  explicit SplitMix(std::uint64_t state) : state_(state) {}
  std::uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t word = state_;
    word = (word ^ (word >> 30U)) * 0xBF58476D1CE4E5B9U;
    word = (word ^ (word >> 27U)) * 0x94D049BB133111EBU;
    return word ^ (word >> 31U);
  }

 private:
  std::uint64_t state_;
};

}  // namespace

void FillSynthRow(const SynthRow& row, float mean, float deviation, std::span<float> out) {
  // Rows far apart in every coordinate get unrelated starting points.
  const std::uint64_t of_seed = SplitMix(row.seed).Next();
  const std::uint64_t of_tensor = SplitMix(of_seed ^ row.tensor).Next();
  SplitMix random(SplitMix(of_tensor ^ row.row).Next());
  // A uniform number of 16 bits has the variance 2^32 / 12; four of them have 2^32 / 3.
  constexpr float kSpread = 37837.2F;
  constexpr int kMiddle = 4 * 65535 / 2;
  const float scale = deviation / kSpread;
  for (float& value : out) {
    const std::uint64_t word = random.Next();
    const std::uint64_t pairs =
        (word & 0x0000FFFF0000FFFFU) + ((word >> 16U) & 0x0000FFFF0000FFFFU);
    const auto sum = static_cast<std::int32_t>((pairs & 0xFFFFFFFFU) + (pairs >> 32U));
    value = mean + static_cast<float>(sum - kMiddle) * scale;
  }
}

}  // namespace fovea::tools
