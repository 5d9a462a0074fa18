// Vocabularies of any size for made-up models: pieces are words of letters, so that texts can be
// tokenized, and most of them into pieces of several letters.
#ifndef FOVEA_TOOLS_FOVEA_SYNTH_VOCABULARY_H_
#define FOVEA_TOOLS_FOVEA_SYNTH_VOCABULARY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fovea::tools {

/// As the keys tokenizer.ggml.tokens, .scores and .token_type hold it. [size] each.
struct SynthVocabulary {
  std::vector<std::string> pieces;
  std::vector<float> scores;  ///< Empty for WordPiece, which has none.
  std::vector<std::int32_t> types;
};

/// <unk>, <s>, </s>, 256 bytes, and a word separator.
inline constexpr std::size_t kSmallestSynthVocabulary = 3 + 256 + 1;

/// A SentencePiece vocabulary of `size` unique pieces: the ones above, then words by length, each
/// with and without a separator in front; earlier ones have higher scores, so that merges reach the
/// longer ones.
SynthVocabulary MakeSynthVocabulary(std::size_t size);

/// Ids of the special tokens of a WordPiece vocabulary.
enum SynthWordPieceId : std::uint32_t {
  kSynthPad,
  kSynthUnknown,
  kSynthCls,
  kSynthSep,
  kSynthMask
};

/// A WordPiece vocabulary of `size` unique pieces: special tokens, digits and punctuation, then
/// words by length; all of them at the beginning of a word and inside one. size: at least
/// kSmallestSynthVocabulary.
SynthVocabulary MakeSynthWordPieces(std::size_t size);

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_FOVEA_SYNTH_VOCABULARY_H_
