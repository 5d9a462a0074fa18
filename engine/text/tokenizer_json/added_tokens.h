// The added tokens of tokenizer.json: texts that are cut out before anything else happens to a
// text.
#ifndef FOVEA_TEXT_TOKENIZER_JSON_ADDED_TOKENS_H_
#define FOVEA_TEXT_TOKENIZER_JSON_ADDED_TOKENS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/byte_trie.h"
#include "engine/text/special_splitter.h"
#include "engine/text/tokenizer_json/fields.h"
#include "engine/text/tokenizer_json/normalizer.h"
#include "fovea/status.h"

namespace fovea::text {

struct AddedToken {
  std::int32_t id = 0;
  std::string content;
  bool special = false;
  bool normalized = false;   ///< Looked for in the normalized text, in its normalized form.
  bool single_word = false;  ///< Only where no word character touches it.
  bool takes_left = false;   ///< White space before it belongs to it (lstrip).
  bool takes_right = false;  ///< White space behind it belongs to it (rstrip).
};

class AddedTokens {
 public:
  /// Reads "added_tokens"; the content of normalized ones goes through the steps.
  static Result<AddedTokens> Read(const Fields& root, const std::vector<NormalizerStep>& steps);

  /// The same for tokens in any order. kMalformed for an id that comes twice.
  static Result<AddedTokens> Make(std::vector<AddedToken> tokens,
                                  const std::vector<NormalizerStep>& steps);

  /// Cuts out the tokens that are looked for in this kind of text; special ones only with
  /// parse_special. The parts are in order and none is empty.
  std::vector<TextPart> Split(std::string_view text, bool normalized, bool parse_special) const;

  const std::vector<AddedToken>& tokens() const { return tokens_; }
  /// The token with that id; null if there is none.
  const AddedToken* Find(std::int32_t id) const;
  std::size_t heap_bytes() const;

 private:
  std::vector<AddedToken> tokens_;  // By id.
  ByteTrie tries_[2][2];  // By normalized and parse_special; ids are positions in tokens_.
};

}  // namespace fovea::text

#endif  // FOVEA_TEXT_TOKENIZER_JSON_ADDED_TOKENS_H_
