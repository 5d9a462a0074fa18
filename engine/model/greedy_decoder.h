// Greedy decoding that may run several guessed tokens at once. The ids are those of one token at a
// time, whatever is guessed: a session's logits are bit-equal for any number of tokens at once, and
// a guess counts only if it is the largest logit's id.
#ifndef FOVEA_MODEL_GREEDY_DECODER_H_
#define FOVEA_MODEL_GREEDY_DECODER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/text/prompt_lookup.h"
#include "fovea/session.h"
#include "fovea/status.h"

namespace fovea::model {

class GreedyDecoder {
 public:
  /// The session holds `prompt`; session and options must outlive the decoder. `max_draft`: guesses
  /// per run. `run` has neither an observer nor on_logits: they would be given wrong guesses, too.
  GreedyDecoder(Session& session, std::span<const std::int32_t> prompt, std::size_t max_draft,
                const RunOptions& run);

  /// Runs `id` (the prompt's greedy successor at first, then the last id returned) and returns the
  /// ids that follow it greedily, at least one and at most `max_tokens` (> 0). All but the last are
  /// in the session's cache already. Valid until the next call.
  Result<std::span<const std::int32_t>> Next(std::int32_t id, std::size_t max_tokens);

  std::size_t runs() const { return runs_; }          ///< Calls of the session.
  std::size_t drafted() const { return drafted_; }    ///< Tokens guessed.
  std::size_t accepted() const { return accepted_; }  ///< Of them, guessed right.

 private:
  Result<std::span<const std::int32_t>> RunOne(std::int32_t id);

  Session& session_;
  const RunOptions& run_;
  text::PromptLookup lookup_;
  std::size_t max_draft_;
  std::vector<std::int32_t> batch_;  // [1 + drafted tokens]
  std::vector<std::int32_t> next_;   // the greedy id after each of batch_, [1 + drafted tokens]
  std::size_t runs_ = 0;
  std::size_t drafted_ = 0;
  std::size_t accepted_ = 0;
};

}  // namespace fovea::model

#endif  // FOVEA_MODEL_GREEDY_DECODER_H_
