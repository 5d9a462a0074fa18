// The pre-tokenizers of byte-level BPE by the name that tokenizer.ggml.pre gives them: patterns
// that cut a text into words before any merge, and defaults of the models that use them.
#ifndef FOVEA_TEXT_PRE_TOKENIZER_TABLE_H_
#define FOVEA_TEXT_PRE_TOKENIZER_TABLE_H_

#include <span>
#include <string>
#include <string_view>

namespace fovea::text {

struct PreTokenizerRules {
  /// Applied in order, each to the pieces that the previous one produced. `\s` and `\S` mean the
  /// White_Space property of Unicode.
  std::span<const std::string_view> patterns;
  bool whole_words_first = false;  ///< A word that is a token is taken as it is, without merging.
  bool add_bos = false;            ///< If the file does not say.
  bool has_bos = true;             ///< False: the kind's default BOS id does not hold.
};

/// Null for an unknown name. An empty name means "default".
const PreTokenizerRules* FindPreTokenizer(std::string_view name);

/// All names, separated by commas, for messages.
std::string PreTokenizerNames();

}  // namespace fovea::text

#endif  // FOVEA_TEXT_PRE_TOKENIZER_TABLE_H_
