// The tokenizer of a model folder's tokenizer.json.
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
