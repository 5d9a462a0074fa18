// Perplexity of a token sequence under a model: exp of the mean negative log likelihood.
//
// The sequence is cut into windows of `context` tokens, one every `stride` tokens. A window runs
// from an empty cache and starts with the BOS token if the model asks for one. Each token is scored
// once, by the first window that holds it: in every window but the first, context - stride tokens
// come before the first one scored. A token with nothing before it, not even a BOS, is not scored.
#ifndef FOVEA_TOOLS_FOVEA_PERPLEXITY_RUN_H_
#define FOVEA_TOOLS_FOVEA_PERPLEXITY_RUN_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include <fovea/session.h>
#include <fovea/status.h>

namespace fovea::tools {

struct PerplexityPlan {
  std::size_t context = 0;  ///< Tokens of a window, BOS included; at least 2.
  std::size_t stride = 0;   ///< At least 1, at most the tokens of text that a window holds.
  std::optional<std::int32_t> bos = std::nullopt;  ///< Put before each window.
};

/// What one window runs and scores: tokens [begin, end), of which [first_scored, end) count.
struct PerplexityWindow {
  std::size_t begin = 0;
  std::size_t first_scored = 0;
  std::size_t end = 0;
};

std::vector<PerplexityWindow> PerplexityWindows(std::size_t tokens, const PerplexityPlan& plan);

struct PerplexityResult {
  double perplexity = 0.0;
  double mean_nll = 0.0;        ///< Nats per token.
  double standard_error = 0.0;  ///< Of the perplexity, tokens taken as independent.
  std::size_t scored = 0;
  std::size_t windows = 0;
};

/// -ln softmax(logits)[id], in double precision.
double NegativeLogLikelihood(std::span<const float> logits, std::int32_t id);

/// Leaves the session empty. kInvalidArgument if there is nothing to score. `progress`: the share
/// done, from 0 to 1; may be empty.
Result<PerplexityResult> MeasurePerplexity(Session& session, std::span<const std::int32_t> tokens,
                                           const PerplexityPlan& plan,
                                           const std::function<void(double)>& progress = {});

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_FOVEA_PERPLEXITY_RUN_H_
