// Compares the attention maps and the next-token distributions of two sessions while they run in
// step, batch after batch: the rows of one batch are all that is ever kept.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_DIFF_MAP_COMPARISON_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_DIFF_MAP_COMPARISON_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <fovea/fovea.hpp>

namespace fovea::dump {

/// How far one head's rows in A and in B are apart.
struct HeadDifference {
  std::size_t layer = 0;
  std::size_t head = 0;
  std::size_t kv_head = 0;
  double js_mean = 0.0;  ///< Jensen–Shannon divergence in nats, mean over rows.
  double js_worst = 0.0;
  std::size_t worst_position = 0;  ///< The row of js_worst, the first of equals.
  double top1 = 0.0;               ///< Share of rows whose largest weight is at the same key.
};

struct Comparison {
  std::size_t tokens = 0;
  std::vector<HeadDifference> heads;  ///< By layer, then head.
  double loss_a = 0.0;  ///< Mean −ln p of the tokens but the first; NaN for one token.
  double loss_b = 0.0;
  double kl_mean = 0.0;  ///< KL(A‖B) of the next-token distributions, mean over positions.
  double kl_worst = 0.0;
  std::size_t kl_worst_position = 0;
  double top1 = 0.0;  ///< Share of positions with the same most likely next token.

  /// The head with the largest js_mean; null if there are no heads.
  const HeadDifference* Worst() const;
};

struct ComparisonSide {
  Session* session = nullptr;
  std::span<const std::int32_t> tokens;
  /// Observes the run as well; not owned, may be null.
  AttentionObserver* observer = nullptr;
  std::function<void(std::size_t position, std::span<const float> logits)> on_logits = {};
};

struct ComparisonOptions {
  std::vector<std::size_t> layers;  ///< Ascending, not empty.
  std::vector<std::size_t> heads;
  std::size_t vocabulary = 0;
  std::size_t max_bytes = std::size_t{256} << 20U;  ///< For the rows and logits that are kept.
  std::function<bool()> cancelled = {};
  std::function<void(double done)> on_progress = {};
};

/// Both sides have the same number of tokens, at least one, and empty sessions of models with the
/// same heads and vocabulary.
Result<Comparison> CompareMaps(const ComparisonSide& a, const ComparisonSide& b,
                               const ComparisonOptions& options);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_DIFF_MAP_COMPARISON_H_
