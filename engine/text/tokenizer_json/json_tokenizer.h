// The tokenizer of a model folder's tokenizer.json. Added tokens are cut out, the rest is
// normalized, cut into pieces and given to the model; a template puts ids around all of it. Every
// token keeps the bytes of the original text that it stands for.
#ifndef FOVEA_TEXT_TOKENIZER_JSON_JSON_TOKENIZER_H_
#define FOVEA_TEXT_TOKENIZER_JSON_JSON_TOKENIZER_H_

#include <memory>
#include <string>

#include "engine/format/json.h"
#include "fovea/tokenizer.h"

namespace fovea::text {

/// The largest tokenizer.json.
inline constexpr std::size_t kMaxTokenizerJsonBytes = std::size_t{128} << 20;

/// kUnsupported names a component or setting that is not known, kMalformed and kLimitExceeded a
/// field that breaks a rule; all name the file.
Result<std::unique_ptr<Tokenizer>> CreateTokenizer(const format::JsonDocument& json);

/// The same for a file; kNotFound if it does not exist.
Result<std::unique_ptr<Tokenizer>> ReadTokenizerJson(const std::string& path);

}  // namespace fovea::text

#endif  // FOVEA_TEXT_TOKENIZER_JSON_JSON_TOKENIZER_H_
