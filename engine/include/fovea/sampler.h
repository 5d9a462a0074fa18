// Chooses the next token from logits.
#ifndef FOVEA_SAMPLER_H_
#define FOVEA_SAMPLER_H_

#include <cstdint>
#include <span>
#include <vector>

#include "fovea/status.h"

namespace fovea {

/// How a token is chosen.
struct SamplerOptions {
  /// 0 is greedy: the largest logit, the lowest id among equals.
  float temperature = 0.0F;
  /// Keep the k most likely ids; 0 keeps all.
  std::int32_t top_k = 0;
  /// Keep the smallest set of most likely ids whose probability reaches top_p; 1 keeps all.
  float top_p = 1.0F;
  /// The same seed gives the same ids on every machine.
  std::uint64_t seed = 0;
};

/// Belongs to one thread at a time; one per stream. Example:
/// @code
/// auto sampler = Sampler::Create({.temperature = 0.8F, .top_k = 40, .seed = 7});
/// if (!sampler) return sampler.status();
/// auto id = sampler->Sample(logits);
/// @endcode
class Sampler {
 public:
  /// kInvalidArgument for a negative or NaN temperature, top_k < 0, or top_p outside (0, 1].
  static Result<Sampler> Create(const SamplerOptions& options);

  /// logits: [vocabulary], finite. kNonFinite if one of them is not.
  Result<std::int32_t> Sample(std::span<const float> logits);

  /// What it was created with.
  const SamplerOptions& options() const { return options_; }

 private:
  explicit Sampler(const SamplerOptions& options);
  SamplerOptions options_;
  std::uint64_t state_[4];            // xoshiro256** state
  std::vector<float> probabilities_;  // scratch, [vocabulary]
  std::vector<std::int32_t> order_;   // scratch
};

/// Index of the largest value, the lowest among equals. values must not be empty.
std::int32_t ArgMax(std::span<const float> values);

}  // namespace fovea

#endif  // FOVEA_SAMPLER_H_
