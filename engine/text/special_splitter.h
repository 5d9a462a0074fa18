// Cuts special tokens out of a text before anything else looks at it. Longer tokens win over
// shorter ones wherever they overlap; among equals the leftmost wins.
#ifndef FOVEA_TEXT_SPECIAL_SPLITTER_H_
#define FOVEA_TEXT_SPECIAL_SPLITTER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/text/byte_trie.h"
#include "engine/text/vocabulary.h"

namespace fovea::text {

/// A part of a text: a special token (with the spaces that it takes), or plain text if id is
/// kNoToken.
struct TextPart {
  std::int32_t id = kNoToken;
  std::size_t begin = 0;
  std::size_t end = 0;
};

class SpecialSplitter {
 public:
  explicit SpecialSplitter(const Vocabulary& vocabulary);

  /// User-defined tokens are always found; control and unknown tokens only with parse_special. The
  /// parts are in order, none is empty, and plain parts never touch each other.
  std::vector<TextPart> Split(std::string_view text, bool parse_special) const;

  std::size_t heap_bytes() const {
    return user_defined_.heap_bytes() + all_.heap_bytes() + HeapBytes(takes_spaces_);
  }

 private:
  bool TakesSpaces(std::int32_t id) const;

  ByteTrie user_defined_;
  ByteTrie all_;
  std::vector<bool> takes_spaces_;  // by id; empty: none does
};

}  // namespace fovea::text

#endif  // FOVEA_TEXT_SPECIAL_SPLITTER_H_
