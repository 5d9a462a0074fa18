// Builds a tokenizer from a vocabulary, after checking all of it.
#ifndef FOVEA_TEXT_CREATE_TOKENIZER_H_
#define FOVEA_TEXT_CREATE_TOKENIZER_H_

#include <memory>

#include "engine/text/vocabulary.h"
#include "fovea/tokenizer.h"

namespace fovea::text {

/// kMalformed, kLimitExceeded or kUnsupported name the field (as tokenizer.ggml.*) and its value;
/// kOutOfMemory if the tables do not fit.
Result<std::unique_ptr<Tokenizer>> CreateTokenizer(Vocabulary vocabulary);

}  // namespace fovea::text

#endif  // FOVEA_TEXT_CREATE_TOKENIZER_H_
