// Does a head matter? The change of the loss and of the next-token distributions when its output is
// ablated (Michel et al. 2019, "Are Sixteen Heads Really Better than One?"), for every head of a
// model at about half of a run per head.
#ifndef FOVEA_ABLATION_H_
#define FOVEA_ABLATION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "fovea/model.h"
#include "fovea/session.h"
#include "fovea/status.h"

namespace fovea {

/// What takes the place of a head's output, at the input of the output projection.
enum class AblationKind : std::uint8_t {
  kZero,  ///< Zeros.
  kMean,  ///< The head's mean output over the tokens of the text, as it is without any ablation.
};

/// How a text's loss and predictions change without one head.
struct HeadEffect {
  std::size_t layer = 0;     ///< Counted from 0.
  std::size_t head = 0;      ///< Query head.
  double loss = 0.0;         ///< Mean −ln p of the text's tokens but the first, nats, without it.
  double loss_change = 0.0;  ///< loss minus that of the whole model: > 0, the head helps.
  /// Mean over all positions of KL(whole model ‖ without the head) of the next-token
  /// distributions, nats.
  double divergence = 0.0;
  double top1_change = 0.0;  ///< Share of positions whose most likely next token is another one.
};

/// What MeasureHeadEffects found.
struct EffectReport {
  double loss = 0.0;                ///< Of the whole model.
  std::size_t tokens = 0;           ///< Tokens of the text.
  std::vector<HeadEffect> effects;  ///< By layer, then head.
};

/// What MeasureHeadEffects measures, and how to follow and stop it.
struct EffectOptions {
  AblationKind kind = AblationKind::kZero;  ///< What takes the place of the output.
  std::vector<std::size_t> layers = {};     ///< Empty: all.
  std::vector<std::size_t> heads = {};      ///< Of each of the layers; empty: all.
  /// Asked at least once per layer and prefill batch; true stops with kCancelled.
  std::function<bool()> cancelled = {};
  /// Called after each layer of each prefill batch with the work done so far, from 0 to 1.
  std::function<void(double done)> on_progress = {};
};

/// Measures each head alone. The residual stream is kept at the entry of a layer and the layer's
/// attention is computed once for all its heads, so a head of layer l costs the layers from l on
/// and the logits: about half of a run on average, more where logits are much of a run (0.6 runs
/// for a model of a million weights, 0.75 for one of 135 million). The numbers equal those of a
/// full run with RunOptions::ablations bit for bit, for any prefill batch and number of threads.
///
/// Memory beside the session's own (which is sized for `tokens`, not for options.context_size): per
/// token hidden_size + heads * value_dim floats, and its logits; logits that take more than 1 GiB,
/// or more than options.max_memory leaves, are computed again for each head instead. All of it runs
/// on the kernels of session.isa. kLimitExceeded, before anything is allocated, if
/// options.max_memory does not suffice even then, or if the tokens exceed options.context_size (or
/// the model's context where that is 0); kInvalidArgument for fewer than two tokens, an id outside
/// the vocabulary, or a layer or head that does not exist; kNonFinite, naming the head, if a logit
/// is not finite; kOutOfMemory. Thread-safe: nothing of the model changes. Example:
/// @code
/// auto report = MeasureHeadEffects(model, ids, {.threads = 4});
/// if (!report) return report.status();
/// for (const HeadEffect& e : report->effects) {
///   std::printf("L%zuH%zu %+.4f\n", e.layer, e.head, e.loss_change);
/// }
/// @endcode
Result<EffectReport> MeasureHeadEffects(const Model& model, std::span<const std::int32_t> tokens,
                                        const SessionOptions& session = {},
                                        const EffectOptions& options = {});

/// Mean outputs of all heads over a text.
struct HeadMeans {
  std::size_t heads = 0;      ///< Query heads per layer.
  std::size_t value_dim = 0;  ///< Width of a value head.
  std::vector<float> values;  ///< [layers, heads, value_dim]

  /// One head's [value_dim], as HeadAblation::replacement takes it; lives as long as this.
  std::span<const float> Of(std::size_t layer, std::size_t head) const {
    return std::span(values).subspan((layer * heads + head) * value_dim, value_dim);
  }
};

/// The replacements that AblationKind::kMean uses, for runs that ablate several heads at once.
/// `cancelled` is asked once per layer and prefill batch. Errors as of MeasureHeadEffects, but one
/// token is enough.
Result<HeadMeans> MeasureHeadMeans(const Model& model, std::span<const std::int32_t> tokens,
                                   const SessionOptions& session = {},
                                   const std::function<bool()>& cancelled = {});

}  // namespace fovea

#endif  // FOVEA_ABLATION_H_
