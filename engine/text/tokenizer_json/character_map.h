// The precompiled character map of SentencePiece models: a double-array trie from texts to their
// replacements, as untrusted bytes.
#ifndef FOVEA_TEXT_TOKENIZER_JSON_CHARACTER_MAP_H_
#define FOVEA_TEXT_TOKENIZER_JSON_CHARACTER_MAP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/tokenizer_json/aligned_text.h"
#include "fovea/status.h"

namespace fovea::text {

class CharacterMap {
 public:
  /// bytes: the trie's size in bytes (32 bits), the trie, the replacements, each ended by a zero.
  static Result<CharacterMap> FromBytes(std::string_view bytes);
  /// The same, written in base64.
  static Result<CharacterMap> FromBase64(std::string_view text);

  /// Each grapheme cluster of less than six bytes that the map knows is replaced as a whole; of all
  /// others each character that the map knows.
  AlignedText Apply(const AlignedText& text) const;

 private:
  /// The replacement of the shortest text in the map that `text` begins with.
  std::optional<std::string_view> Find(std::string_view text) const;

  std::vector<std::uint32_t> trie_;
  std::string replacements_;
};

}  // namespace fovea::text

#endif  // FOVEA_TEXT_TOKENIZER_JSON_CHARACTER_MAP_H_
