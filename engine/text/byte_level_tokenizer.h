// Byte-level BPE, GGUF's "gpt2" kind: the text is cut into words by patterns, and the bytes of each
// word merge by rank.
#ifndef FOVEA_TEXT_BYTE_LEVEL_TOKENIZER_H_
#define FOVEA_TEXT_BYTE_LEVEL_TOKENIZER_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/byte_alphabet.h"
#include "engine/text/merge_table.h"
#include "engine/text/pre_tokenizer.h"
#include "engine/text/vocabulary_tokenizer.h"

namespace fovea::text {

class ByteLevelTokenizer final : public VocabularyTokenizer {
 public:
  /// kUnsupported for a pre-tokenizer that is not in the table, kMalformed for a broken merge.
  static Result<std::unique_ptr<Tokenizer>> Create(PreparedVocabulary prepared);

 private:
  struct Scratch;
  ByteLevelTokenizer(PreparedVocabulary prepared, MergeTable merges, PreTokenizer pre_tokenizer,
                     bool whole_words_first);

  Status AppendTokens(const PlainText& plain, std::vector<Token>* tokens) const override;
  std::string NormalPieceBytes(std::string_view piece) const override;
  std::size_t own_bytes() const override { return sizeof(*this) + merges_.heap_bytes(); }
  void AppendWord(std::string_view word, std::size_t offset, Scratch* scratch,
                  std::vector<Token>* tokens) const;

  ByteAlphabet alphabet_;
  MergeTable merges_;
  PreTokenizer pre_tokenizer_;
  bool whole_words_first_ = false;
  std::array<std::int32_t, 256> byte_symbols_;  // -1: neither a token nor in a merge
};

}  // namespace fovea::text

#endif  // FOVEA_TEXT_BYTE_LEVEL_TOKENIZER_H_
