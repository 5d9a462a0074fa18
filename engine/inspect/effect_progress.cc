#include "engine/inspect/effect_progress.h"

#include <algorithm>

#include "engine/model/run_checks.h"

namespace fovea::inspect {
namespace {

double Size(const model::Linear& linear) {
  return static_cast<double>(linear.weight.rows) * static_cast<double>(linear.weight.cols);
}

}  // namespace

EffectProgress::EffectProgress(const EffectOptions& options, const model::Weights& weights,
                               std::size_t tokens, std::span<const std::size_t> layers,
                               std::size_t heads)
    : options_(options) {
  const std::vector<model::LayerWeights>& all_layers = weights.main_stack().layers;
  double layer_size = 0.0;
  for (const model::Sublayer& sublayer : all_layers.front().sublayers) {
    for (const model::Linear* linear : sublayer.Linears()) layer_size += Size(*linear);
  }
  logits_cost_ = Size(weights.output) / layer_size;
  const auto all = static_cast<double>(all_layers.size());
  // The whole model once, the layers between the first and the last once more, and each head from
  // its layer on.
  double steps = all + logits_cost_ + static_cast<double>(layers.back() - layers.front());
  for (const std::size_t first : layers) {
    steps += static_cast<double>(heads) * (all - static_cast<double>(first) + logits_cost_);
  }
  total_ = steps * static_cast<double>(tokens);
}

Status EffectProgress::CheckCancelled() const {
  return model::CheckCancelled(options_.cancelled);
}

void EffectProgress::Add(double work) {
  done_ += work;
  // Rounding must not reach 1 before the end.
  if (options_.on_progress) options_.on_progress(std::min(done_ / total_, 1.0 - 1e-9));
}

void EffectProgress::Finish() {
  if (options_.on_progress) options_.on_progress(1.0);
}

}  // namespace fovea::inspect
