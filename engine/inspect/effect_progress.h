// How far the measurement of head effects has come. Steps count by their cost, so that progress is
// nearly even in time.
#ifndef FOVEA_INSPECT_EFFECT_PROGRESS_H_
#define FOVEA_INSPECT_EFFECT_PROGRESS_H_

#include <cstddef>
#include <span>

#include "engine/model/weights.h"
#include "fovea/ablation.h"
#include "fovea/status.h"

namespace fovea::inspect {

class EffectProgress {
 public:
  EffectProgress(const EffectOptions& options, const model::Weights& weights, std::size_t tokens,
                 std::span<const std::size_t> layers, std::size_t heads);

  /// kCancelled if the caller wants to stop.
  Status CheckCancelled() const;

  void LayerDone(std::size_t tokens) { Add(static_cast<double>(tokens)); }
  void LogitsDone(std::size_t tokens) { Add(static_cast<double>(tokens) * logits_cost_); }
  void Finish();

 private:
  void Add(double work);

  const EffectOptions& options_;
  double logits_cost_ = 0.0;  // In layers, per token.
  double total_ = 0.0;        // In layers times tokens.
  double done_ = 0.0;
};

}  // namespace fovea::inspect

#endif  // FOVEA_INSPECT_EFFECT_PROGRESS_H_
