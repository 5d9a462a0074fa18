// The models of tokenizer.json: from a piece of text to token ids.
#ifndef FOVEA_TEXT_TOKENIZER_JSON_WORD_MODEL_H_
#define FOVEA_TEXT_TOKENIZER_JSON_WORD_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/piece_map.h"
#include "engine/text/piece_token.h"
#include "engine/text/tokenizer_json/fields.h"
#include "fovea/status.h"

namespace fovea::text {

/// The token texts by id, and how to find an id.
struct TokenTexts {
  std::vector<std::string> texts;
  PieceMap map;

  std::int32_t Find(std::string_view text) const { return map.Find(texts, text); }
  std::size_t heap_bytes() const { return HeapBytes(texts) + map.heap_bytes(); }
};

/// Immutable; may be shared by threads.
class WordModel {
 public:
  virtual ~WordModel() = default;
  /// Appends the tokens of a piece that is not empty.
  virtual Status Tokenize(std::string_view piece, std::vector<PieceToken>* tokens) const = 0;
  /// "bpe", "unigram", "wordpiece" or "wordlevel".
  virtual std::string_view kind() const = 0;
  virtual std::size_t heap_bytes() const = 0;
  const TokenTexts& vocabulary() const { return vocabulary_; }

 protected:
  explicit WordModel(TokenTexts vocabulary) : vocabulary_(std::move(vocabulary)) {}
  std::int32_t Find(std::string_view text) const { return vocabulary_.Find(text); }
  /// Byte tokens "<0x0A>" of `text`, if the vocabulary has them all.
  bool AppendByteTokens(std::string_view text, std::uint32_t begin,
                        std::vector<PieceToken>* tokens) const;
  static Status NoUnknownToken();

 private:
  TokenTexts vocabulary_;
};

/// Reads "model". kUnsupported names a type or a setting that is not known.
Result<std::unique_ptr<WordModel>> ReadWordModel(const Fields& fields);

/// The texts by id of {"text": id, …}; their map is not built yet.
Status ReadVocabularyObject(const Fields& fields, const format::JsonValue& vocab,
                            TokenTexts* vocabulary);

struct WordPieceOptions {
  std::int32_t unknown = 0;
  std::string prefix = "##";           ///< Of every token but a word's first.
  std::uint32_t max_characters = 100;  ///< A longer word is unknown.
};
std::unique_ptr<WordModel> MakeWordPiece(TokenTexts vocabulary, const WordPieceOptions& options);

/// The four kinds, for ReadWordModel.
Result<std::unique_ptr<WordModel>> ReadWordLevel(const Fields& fields, TokenTexts vocabulary);
Result<std::unique_ptr<WordModel>> ReadWordPiece(const Fields& fields, TokenTexts vocabulary);
Result<std::unique_ptr<WordModel>> ReadBpe(const Fields& fields, TokenTexts vocabulary);
/// scores: by id.
Result<std::unique_ptr<WordModel>> ReadUnigram(const Fields& fields, TokenTexts vocabulary,
                                               const std::vector<double>& scores);

}  // namespace fovea::text

#endif  // FOVEA_TEXT_TOKENIZER_JSON_WORD_MODEL_H_
