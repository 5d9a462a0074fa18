// The decoders of tokenizer.json, as far as text is made token by token.
#ifndef FOVEA_TEXT_TOKENIZER_JSON_PIECE_DECODER_H_
#define FOVEA_TEXT_TOKENIZER_JSON_PIECE_DECODER_H_

#include <string>
#include <string_view>

#include "engine/text/byte_alphabet.h"
#include "engine/text/tokenizer_json/fields.h"
#include "fovea/status.h"

namespace fovea::text {

class PieceDecoder {
 public:
  /// fields: the object under "decoder". kUnsupported names a type that is not known.
  static Result<PieceDecoder> Read(const Fields& fields);
  /// Without a decoder, tokens are words with spaces between.
  static PieceDecoder Words();
  /// As Words, but what begins with `joined_prefix` is joined to the token before it.
  static PieceDecoder WordPieces(std::string joined_prefix);
  /// Letters stand for bytes.
  static PieceDecoder ByteLevel();
  /// "▁" is a space, "<0x0A>" a byte.
  static PieceDecoder SentencePiece(bool adds_space_prefix);

  /// The bytes that a token adds to a text.
  std::string Bytes(std::string_view token) const;
  /// Bytes puts a space before the first word of a text.
  bool adds_space_prefix() const { return adds_space_prefix_; }

 private:
  Status ReadStep(const Fields& fields);

  bool byte_level_ = false;
  bool byte_tokens_ = false;   // "<0x0A>" is one byte.
  bool words_ = false;         // A space before every token …
  std::string joined_prefix_;  // … but those that begin with this, if it is not empty.
  std::string space_mark_;     // Stands for a space.
  std::string end_of_word_;    // Ends a word.
  bool adds_space_prefix_ = false;
  ByteAlphabet alphabet_;
};

}  // namespace fovea::text

#endif  // FOVEA_TEXT_TOKENIZER_JSON_PIECE_DECODER_H_
