// What a run says about next tokens, before and after heads were taken away.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_ABLATION_ABLATION_REPORT_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_ABLATION_ABLATION_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/ablation/head_list.h"
#include "tools/attention-dump/render/render.h"

namespace fovea::dump {

/// Collects the loss of a text and the last position's logits, from RunOptions::on_logits.
class LossRecorder {
 public:
  /// `kernels`: those of the session.
  LossRecorder(std::span<const std::int32_t> tokens, Kernels kernels)
      : tokens_(tokens), kernels_(kernels) {}

  void OnLogits(std::size_t position, std::span<const float> logits);

  /// Mean −ln p of the tokens but the first, nats; NaN for one token.
  double loss() const;
  /// [vocabulary]; empty before the last position.
  const std::vector<float>& last_logits() const { return last_logits_; }
  Kernels kernels() const { return kernels_; }

 private:
  std::span<const std::int32_t> tokens_;
  Kernels kernels_;
  double sum_ = 0.0;
  std::vector<float> last_logits_;
};

struct AblationReport {
  std::vector<NamedHead> heads;
  AblationKind kind = AblationKind::kZero;
  double loss_before = 0.0, loss_after = 0.0;
  std::vector<float> logits_before, logits_after;  ///< After the last token.
  Kernels kernels = Kernels::Best();               ///< Those that computed the logits.
};

/// Some lines: loss and perplexity before and after, and the five most likely next tokens of both.
std::string AblationText(const AblationReport& report, const Tokenizer* tokenizer,
                         const TerminalOptions& options);

/// The same as names and values, for a page.
std::vector<std::pair<std::string, std::string>> AblationSummary(const AblationReport& report);

/// {"heads": ["L3H5"], "kind": "zero", "loss": [before, after], "divergence": …}
std::string AblationJson(const AblationReport& report);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_ABLATION_ABLATION_REPORT_H_
