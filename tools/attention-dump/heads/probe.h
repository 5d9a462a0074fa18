// The standard input for finding induction heads (Olsson et al. 2022): random tokens, repeated
// once.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_HEADS_PROBE_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_HEADS_PROBE_H_

#include <cstddef>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/data/token_table.h"

namespace fovea::dump {

inline constexpr std::size_t kProbeLength = 64;

struct Probe {
  Prompt prompt;
  std::size_t begin = 0;   ///< 1 if BOS comes first.
  std::size_t period = 0;  ///< Tokens of the part that is repeated.
};

/// `length` tokens and the same again, after BOS if the model's tokenizer adds it to a text. The
/// ids are those of ordinary tokens, no two of them equal as far as the vocabulary suffices; the
/// same for the same vocabulary on every machine. length 0: kProbeLength, or what `context` has
/// space for. kLimitExceeded if `length` does not fit.
Result<Probe> MakeProbe(const Model& model, std::size_t length, std::size_t context);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_HEADS_PROBE_H_
