// The precompiled character map of SentencePiece models: a double-array trie from texts to their
// replacements, as untrusted bytes.
#ifndef FOVEA_TEXT_CHARACTER_MAP_H_
#define FOVEA_TEXT_CHARACTER_MAP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/heap_bytes.h"
#include "fovea/status.h"

namespace fovea::text {

class CharacterMap {
 public:
  /// bytes: the trie's size in bytes (32 bits), the trie, the replacements, each ended by a zero.
  static Result<CharacterMap> FromBytes(std::string_view bytes);
  /// The same, written in base64.
  static Result<CharacterMap> FromBase64(std::string_view text);

  struct Match {
    std::string_view replacement;  ///< Lives in the map.
    std::size_t size = 0;          ///< Bytes of the text that it stands for.
  };
  /// The shortest text of the map that `text` begins with.
  std::optional<Match> Shortest(std::string_view text) const;
  /// The longest one.
  std::optional<Match> Longest(std::string_view text) const;

  std::size_t heap_bytes() const { return HeapBytes(trie_) + HeapBytes(replacements_); }

 private:
  template <typename Visit>
  void ForEach(std::string_view text, const Visit& visit) const;

  std::vector<std::uint32_t> trie_;
  std::string replacements_;
};

}  // namespace fovea::text

#endif  // FOVEA_TEXT_CHARACTER_MAP_H_
