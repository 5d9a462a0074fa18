// Unigram, GGUF's "t5" kind: SentencePiece's normalization, then the pieces with the best sum of
// scores. What no piece stands for becomes byte tokens, if the vocabulary has them, or one unknown
// token.
#ifndef FOVEA_TEXT_UNIGRAM_TOKENIZER_H_
#define FOVEA_TEXT_UNIGRAM_TOKENIZER_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/sentence_normalizer.h"
#include "engine/text/unigram.h"
#include "engine/text/vocabulary_tokenizer.h"

namespace fovea::text {

class UnigramTokenizer final : public VocabularyTokenizer {
 public:
  /// kMalformed for a character map that is none.
  static Result<std::unique_ptr<Tokenizer>> Create(PreparedVocabulary prepared);

  UnigramTokenizer(PreparedVocabulary prepared, SentenceNormalizer normalizer);

  bool adds_space_prefix() const override { return normalizer_.adds_prefix(); }

 private:
  Status AppendTokens(const PlainText& plain, std::vector<Token>* tokens) const override;
  std::string NormalPieceBytes(std::string_view piece) const override;
  std::size_t own_bytes() const override {
    return sizeof(*this) + normalizer_.heap_bytes() + unigram_.heap_bytes();
  }
  Status AppendUnknown(const AlignedText& text, const PieceToken& run,
                       std::vector<Token>* tokens) const;

  SentenceNormalizer normalizer_;
  Unigram unigram_;
  std::array<std::int32_t, 256> byte_ids_;
};

}  // namespace fovea::text

#endif  // FOVEA_TEXT_UNIGRAM_TOKENIZER_H_
