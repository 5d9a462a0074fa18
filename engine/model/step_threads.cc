#include "engine/model/step_threads.h"

namespace fovea::model {
namespace {

/// A region must take at least this long on one core to be worth threads.
constexpr double kMinRegionMicroseconds = 15.0;

/// Products of a layer with a region each: queries, keys and values together; attention; its
/// output; gate and up together; down. The logits are one more.
constexpr double kRegionsPerLayer = 5.0;

/// A step's time grows with its tokens as 1 + tokens / 8: the weights are read once for all of
/// them. (Measured: 8 tokens take 1.7 times as long as one, 32 tokens 5.2 times.)
constexpr double kTokensThatDoubleAStep = 8.0;

/// Weights that one core multiplies in a microsecond. Vector units of ARM processors were not
/// measured: a fifth of the x86 rate errs on the side of threads, as boards have slow cores.
double WeightsPerMicrosecond(Arithmetic arithmetic, Isa isa) {
  if (isa == Isa::kScalar) return 500.0;
#if defined(__x86_64__) || defined(__i386__)
  return arithmetic == Arithmetic::kExact ? 7'000.0 : 20'000.0;
#else
  return arithmetic == Arithmetic::kExact ? 1'400.0 : 4'000.0;
#endif
}

}  // namespace

StepThreads::StepThreads(const Hyperparameters& hp, const Weights& weights, Arithmetic arithmetic,
                         Isa isa)
    : weights_per_microsecond_(WeightsPerMicrosecond(arithmetic, isa)) {
  const ModelInfo& info = hp.info;
  const auto number = [](std::size_t value) { return static_cast<double>(value); };
  weights_ = static_cast<double>(info.parameters);
  // Of an embedding that is not the output matrix too, a step reads a row per token.
  if (weights.output.weight.data != weights.token_embedding.data) {
    weights_ -= number(info.vocabulary) * number(info.hidden_size);
  }
  key_value_floats_ =
      number(info.layers) * number(info.heads) * number(info.head_dim + info.value_dim);
  regions_ = kRegionsPerLayer * number(info.layers) + 1.0;
}

bool StepThreads::Worthwhile(std::size_t tokens, std::size_t position) const {
  const auto count = static_cast<double>(tokens);
  const double products = weights_ * (1.0 + count / kTokensThatDoubleAStep);
  const double attention = key_value_floats_ * count * (static_cast<double>(position) + count / 2);
  return products + attention >= kMinRegionMicroseconds * weights_per_microsecond_ * regions_;
}

}  // namespace fovea::model
