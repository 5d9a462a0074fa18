// Reads the vocabulary of a model source and makes its tokenizer.
#ifndef FOVEA_MODEL_LOAD_LOAD_TOKENIZER_H_
#define FOVEA_MODEL_LOAD_LOAD_TOKENIZER_H_

#include <memory>

#include "engine/format/model_source.h"
#include "fovea/tokenizer.h"

namespace fovea::model {

/// kNotFound if the file has no vocabulary, kUnsupported if its kind or its pre-tokenizer is not
/// known (the message lists those that are), kMalformed or kLimitExceeded if it breaks a rule.
/// Messages name the file and the key. The tokenizer does not refer to the file.
Result<std::unique_ptr<Tokenizer>> LoadTokenizer(const format::ModelSource& file);

}  // namespace fovea::model

#endif  // FOVEA_MODEL_LOAD_LOAD_TOKENIZER_H_
