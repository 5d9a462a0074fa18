// Runs the model over the prompt and greedily on, with an observer watching.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_RUN_MODEL_RUN_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_RUN_MODEL_RUN_H_

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/common/progress.h"

namespace fovea::dump {

/// Runs the text: a decoder's prefill, or an encoder over all of it.
Status RunText(std::span<const std::int32_t> tokens, const RunOptions& options, Session* session);

struct ModelRun {
  std::span<const std::int32_t> prompt;
  /// At most; an end-of-generation id stops and is not part of the dump.
  std::size_t generate = 0;
  const Tokenizer* tokenizer = nullptr;   ///< Null: nothing ends a generation early.
  AttentionObserver* observer = nullptr;  ///< Not owned; may be null.
  std::span<const HeadAblation> ablations = {};
  std::function<bool()> stop;  ///< Asked often; true stops with kCancelled.
  /// If it is set: the logits of every position in order, when all rows of that position were seen.
  std::function<void(std::size_t position, std::span<const float> logits)> on_logits = {};
  /// As RunOptions::on_output and on_hidden.
  std::function<void(std::size_t position, std::span<const float> rows)> on_output = {};
  std::function<void(std::size_t layer, std::size_t position, std::span<const float> rows)>
      on_hidden = {};
  /// The last token of the prompt and every generated one, when all rows of it were seen.
  std::function<void(std::size_t position, std::int32_t token, std::span<const float> logits)>
      on_token = {};
};

/// Returns the generated ids. Every one of them is evaluated too, so that each has a row.
Result<std::vector<std::int32_t>> RunModel(const ModelRun& run, Session* session,
                                           tools::Progress* progress);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_RUN_MODEL_RUN_H_
