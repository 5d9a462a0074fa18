// What all tokenizers share: the vocabulary, special tokens, limits, and how pieces are shown. A
// kind of tokenizer adds how plain text is cut into pieces, and what bytes a piece stands for.
#ifndef FOVEA_TEXT_VOCABULARY_TOKENIZER_H_
#define FOVEA_TEXT_VOCABULARY_TOKENIZER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/checked_text.h"
#include "engine/text/piece_map.h"
#include "engine/text/special_splitter.h"
#include "engine/text/vocabulary.h"
#include "fovea/tokenizer.h"

namespace fovea::text {

/// A checked vocabulary: ids are in range, types are complete, pieces are unique.
struct PreparedVocabulary {
  Vocabulary vocabulary;
  PieceMap map;
  std::vector<std::int32_t> end_ids;  ///< Sorted.
};

class VocabularyTokenizer : public Tokenizer {
 public:
  Result<std::vector<Token>> Tokenize(std::string_view text,
                                      const TokenizeOptions& options) const final;
  Result<EncodedPair> EncodePair(std::string_view first, std::string_view second,
                                 const TokenizeOptions& options) const final;
  std::size_t vocabulary_size() const final { return vocabulary().pieces.size(); }
  std::string PieceBytes(std::int32_t id) const final;
  std::string DisplayPiece(std::int32_t id) const final;
  std::int32_t bos_id() const final { return vocabulary().bos_id; }
  std::int32_t eos_id() const final { return vocabulary().eos_id; }
  std::int32_t unknown_id() const final { return vocabulary().unknown_id; }
  std::int32_t separator_id() const final { return vocabulary().separator_id; }
  std::int32_t padding_id() const final { return vocabulary().padding_id; }
  std::int32_t mask_id() const final { return vocabulary().mask_id; }
  bool IsSpecial(std::int32_t id) const final;
  bool IsEndOfGeneration(std::int32_t id) const final;
  std::string_view kind() const final { return TokenizerKindName(vocabulary().kind); }
  std::size_t memory_bytes() const final;

 protected:
  explicit VocabularyTokenizer(PreparedVocabulary prepared);

  /// One stretch of plain text, which is text[begin, end) of what the caller gave.
  struct PlainText {
    std::string_view text;
    std::size_t begin = 0;     ///< To be added to offsets within `text`.
    bool starts_text = false;  ///< Nothing, or a special token, comes before it.
  };
  /// Appends the tokens of `plain`, which is valid UTF-8 and not empty.
  virtual Status AppendTokens(const PlainText& plain, std::vector<Token>* tokens) const = 0;

  /// Bytes of what the kind adds.
  virtual std::size_t own_bytes() const = 0;

  /// The bytes of a piece of type normal.
  virtual std::string NormalPieceBytes(std::string_view piece) const = 0;

  const Vocabulary& vocabulary() const { return prepared_.vocabulary; }
  std::int32_t FindPiece(std::string_view text) const {
    return prepared_.map.Find(vocabulary().pieces, text);
  }
  std::size_t longest_piece() const { return prepared_.map.longest(); }

 private:
  Result<std::vector<Token>> TokenizeChecked(std::string_view text,
                                             const TokenizeOptions& options) const;
  bool Has(std::int32_t id) const {
    return id >= 0 && static_cast<std::size_t>(id) < vocabulary().pieces.size();
  }

  PreparedVocabulary prepared_;
  SpecialSplitter splitter_;
};

/// The byte of a piece like "<0x0A>", or -1.
int ByteOfPiece(std::string_view piece);

}  // namespace fovea::text

#endif  // FOVEA_TEXT_VOCABULARY_TOKENIZER_H_
