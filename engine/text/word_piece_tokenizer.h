// WordPiece, GGUF's "bert" kind: normalised words, each cut into the longest pieces that fit from
// the left. Pieces that begin a word begin with "▁". A word that cannot be cut is one unknown
// token.
#ifndef FOVEA_TEXT_WORD_PIECE_TOKENIZER_H_
#define FOVEA_TEXT_WORD_PIECE_TOKENIZER_H_

#include <string>
#include <string_view>
#include <vector>

#include "engine/text/byte_trie.h"
#include "engine/text/vocabulary_tokenizer.h"

namespace fovea::text {

class WordPieceTokenizer final : public VocabularyTokenizer {
 public:
  explicit WordPieceTokenizer(PreparedVocabulary prepared);

  bool adds_space_prefix() const override { return true; }

 private:
  struct Word;
  Status AppendTokens(const PlainText& plain, std::vector<Token>* tokens) const override;
  std::string NormalPieceBytes(std::string_view piece) const override;
  std::size_t own_bytes() const override { return sizeof(*this) + pieces_.heap_bytes(); }
  void AppendWord(std::size_t offset, const Word& word, std::vector<Token>* tokens) const;

  ByteTrie pieces_;
};

}  // namespace fovea::text

#endif  // FOVEA_TEXT_WORD_PIECE_TOKENIZER_H_
