// BERT's normalization of one character: strips accents, lowers case, and says whether the
// character joins a word, is a word of its own, ends a word, or is dropped.
#ifndef FOVEA_TEXT_BERT_NORMALIZER_H_
#define FOVEA_TEXT_BERT_NORMALIZER_H_

#include <cstdint>

namespace fovea::text {

struct NormalizedCharacter {
  enum class Role : std::uint8_t {
    kInWord,   ///< Joins its neighbours.
    kAlone,    ///< A word of its own: punctuation, ASCII symbols, Chinese characters.
    kSpace,    ///< Ends a word.
    kDropped,  ///< Control characters; accents, if they are stripped.
  };
  Role role = Role::kInWord;
  char32_t code_point = 0;
};

struct BertNormalization {
  bool lowercase = true;
  bool strip_accents = true;
};

/// One character in, one out: of a decomposed character only the base is kept.
NormalizedCharacter NormalizeForBert(char32_t code_point, const BertNormalization& options);

}  // namespace fovea::text

#endif  // FOVEA_TEXT_BERT_NORMALIZER_H_
