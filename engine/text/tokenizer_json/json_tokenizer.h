// The tokenizer of a model folder's tokenizer.json.
#ifndef FOVEA_TEXT_TOKENIZER_JSON_JSON_TOKENIZER_H_
#define FOVEA_TEXT_TOKENIZER_JSON_JSON_TOKENIZER_H_

#include <memory>
#include <string>

#include "engine/format/json.h"
#include "engine/text/tokenizer_json/staged_tokenizer.h"
#include "fovea/tokenizer.h"

namespace fovea::text {

/// The largest tokenizer.json.
inline constexpr std::size_t kMaxTokenizerJsonBytes = std::size_t{128} << 20;

/// kUnsupported names a component or setting that is not known, kMalformed and kLimitExceeded a
/// field that breaks a rule; all name the file. texts: of special tokens, which the file itself
/// does not state.
Result<std::unique_ptr<Tokenizer>> CreateTokenizer(const format::JsonDocument& json,
                                                   const SpecialTexts& texts = {});

/// The same for a file; kNotFound if it does not exist.
Result<std::unique_ptr<Tokenizer>> ReadTokenizerJson(const std::string& path,
                                                     const SpecialTexts& texts = {});

}  // namespace fovea::text

#endif  // FOVEA_TEXT_TOKENIZER_JSON_JSON_TOKENIZER_H_
