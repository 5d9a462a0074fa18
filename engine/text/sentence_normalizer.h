// What SentencePiece models do to a text before it is cut: a character map is applied, and spaces
// become "▁".
#ifndef FOVEA_TEXT_SENTENCE_NORMALIZER_H_
#define FOVEA_TEXT_SENTENCE_NORMALIZER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/text/aligned_text.h"
#include "engine/text/byte_trie.h"
#include "engine/text/character_map.h"
#include "fovea/status.h"

namespace fovea::text {

struct SentenceNormalization {
  /// The two differ in texts of spaces alone, in "▁" inside a text, and in what a model without
  /// add_prefix does when it merges spaces: kLlamaCpp puts a "▁" before every first word then.
  enum class Rules : std::uint8_t { kSentencePiece, kLlamaCpp };
  Rules rules = Rules::kSentencePiece;
  bool add_prefix = true;    ///< A "▁" before the first word.
  bool merge_spaces = true;  ///< Of a run of spaces one is left, none at the ends of the text.
};

/// Immutable once all is set; may then be shared by threads.
class SentenceNormalizer {
 public:
  explicit SentenceNormalizer(const SentenceNormalization& options) : options_(options) {}

  void set_map(CharacterMap map) { map_ = std::move(map); }
  /// This text is left as it is.
  void Protect(std::string_view text) { protected_.Insert(text, 0); }

  /// text: valid UTF-8. Every byte of the result knows which bytes it came from.
  AlignedText Normalize(const AlignedText& text) const;

  bool adds_prefix() const {
    const bool always =
        options_.rules == SentenceNormalization::Rules::kLlamaCpp && options_.merge_spaces;
    return options_.add_prefix || always;
  }
  std::size_t heap_bytes() const {
    return protected_.heap_bytes() + (map_ ? map_->heap_bytes() : 0);
  }

 private:
  /// What the beginning of a text becomes, and how many bytes of it that is.
  CharacterMap::Match Step(std::string_view text) const;
  AlignedText AsSentencePiece(const AlignedText& text) const;
  AlignedText AsLlamaCpp(const AlignedText& text) const;

  SentenceNormalization options_;
  std::optional<CharacterMap> map_;
  ByteTrie protected_;
};

}  // namespace fovea::text

#endif  // FOVEA_TEXT_SENTENCE_NORMALIZER_H_
