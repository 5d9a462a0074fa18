// Greedy decoding that may run several guessed tokens at once. The ids are those of one token at a
// time, whatever is guessed: a session's logits are bit-equal for any number of tokens at once, and
// a guess counts only if it is the largest logit's id.
#ifndef FOVEA_TOOLS_FOVEA_GREEDY_DECODER_H_
#define FOVEA_TOOLS_FOVEA_GREEDY_DECODER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <fovea/session.h>
#include <fovea/status.h>

#include "tools/fovea/prompt_lookup.h"

namespace fovea::tools {

class GreedyDecoder {
 public:
  /// The session holds `prompt`; it must outlive the decoder. `max_draft`: guesses per run.
  GreedyDecoder(Session& session, std::span<const std::int32_t> prompt, std::size_t max_draft);

  /// Runs `id` (the prompt's greedy successor at first, then the last id returned) and returns the
  /// ids that follow it greedily, at least one and at most `most` (> 0). All but the last are in
  /// the session's cache already. Valid until the next call.
  Result<std::span<const std::int32_t>> Next(std::int32_t id, std::size_t most);

  std::size_t runs() const { return runs_; }          ///< Calls of the session.
  std::size_t drafted() const { return drafted_; }    ///< Tokens guessed.
  std::size_t accepted() const { return accepted_; }  ///< Of them, guessed right.

 private:
  Result<std::span<const std::int32_t>> RunOne(std::int32_t id);

  Session& session_;
  PromptLookup lookup_;
  std::size_t max_draft_;
  std::vector<std::int32_t> batch_;  // [1 + drafted tokens]
  std::vector<std::int32_t> next_;   // the greedy id after each of batch_, [1 + drafted tokens]
  std::size_t runs_ = 0;
  std::size_t drafted_ = 0;
  std::size_t accepted_ = 0;
};

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_FOVEA_GREEDY_DECODER_H_
