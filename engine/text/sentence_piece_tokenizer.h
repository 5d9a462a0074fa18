// SentencePiece-style BPE, GGUF's "llama" kind: spaces become "▁", characters merge by the score of
// the piece they form, and characters without a piece fall back to byte tokens.
#ifndef FOVEA_TEXT_SENTENCE_PIECE_TOKENIZER_H_
#define FOVEA_TEXT_SENTENCE_PIECE_TOKENIZER_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/vocabulary_tokenizer.h"

namespace fovea::text {

class SentencePieceTokenizer final : public VocabularyTokenizer {
 public:
  explicit SentencePieceTokenizer(PreparedVocabulary prepared);

  bool adds_space_prefix() const override { return vocabulary().add_space_prefix; }

 private:
  struct Scratch;
  Status AppendTokens(const PlainText& plain, std::vector<Token>* tokens) const override;
  std::string NormalPieceBytes(std::string_view piece) const override;
  std::size_t own_bytes() const override { return sizeof(*this); }

  /// Merges scratch->escaped, whose first byte is at `offset` of the caller's text; returns the
  /// first character that no token can stand for as an error.
  Status AppendWord(std::size_t offset, Scratch* scratch, std::vector<Token>* tokens) const;
  Status AppendFallback(std::string_view character, std::size_t offset, std::size_t source_bytes,
                        std::vector<Token>* tokens) const;

  std::array<std::int32_t, 256> byte_ids_;
  /// No piece has a "▁" after another character, so words can be merged one at a time.
  bool words_are_independent_ = true;
};

}  // namespace fovea::text

#endif  // FOVEA_TEXT_SENTENCE_PIECE_TOKENIZER_H_
