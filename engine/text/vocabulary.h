// Everything that a tokenizer needs to know, as plain data: where it came from (a GGUF file, a
// test) does not matter here. Fields are named after the tokenizer.ggml.* keys of a model file, and
// so are the messages of CheckVocabulary.
#ifndef FOVEA_TEXT_VOCABULARY_H_
#define FOVEA_TEXT_VOCABULARY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/heap_bytes.h"
#include "fovea/status.h"

namespace fovea::text {

enum class TokenizerKind : std::uint8_t {
  kSentencePiece,  ///< "llama": merges by score, spaces are "▁", bytes as a last resort.
  kByteLevel,      ///< "gpt2": merges by rank over bytes that are spelled as printable letters.
  kWordPiece,      ///< "bert": normalised words, longest piece first.
  kUnigram,        ///< "t5": the pieces with the best sum of scores, spaces are "▁".
};

/// The name that tokenizer.ggml.model gives it.
std::string_view TokenizerKindName(TokenizerKind kind);

/// The numbers of tokenizer.ggml.token_type.
enum class TokenType : std::uint8_t {
  kUndefined = 0,
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6,
};

/// "No such token".
inline constexpr std::int32_t kNoToken = -1;

struct Vocabulary {
  TokenizerKind kind = TokenizerKind::kSentencePiece;
  std::vector<std::string> pieces;  ///< By id.
  std::vector<float> scores;        ///< By id, or empty: all 0.
  std::vector<TokenType> types;     ///< By id, or empty: all normal.
  std::vector<std::string> merges;  ///< Byte-level only: "left right", best first.
  std::string pre_tokenizer;        ///< Byte-level only: tokenizer.ggml.pre; empty: "default".
  std::string character_map;        ///< Unigram only: precompiled_charsmap, or empty.

  std::int32_t bos_id = kNoToken;  ///< For WordPiece: CLS.
  std::int32_t eos_id = kNoToken;
  std::int32_t unknown_id = kNoToken;
  std::int32_t separator_id = kNoToken;
  std::int32_t padding_id = kNoToken;
  std::int32_t mask_id = kNoToken;
  std::int32_t eot_id = kNoToken;  ///< End of turn.
  std::int32_t eom_id = kNoToken;  ///< End of message.
  std::int32_t fim_padding_id = kNoToken;
  std::int32_t fim_repository_id = kNoToken;
  std::int32_t fim_separator_id = kNoToken;

  bool add_bos = false;
  bool add_eos = false;
  bool add_separator = false;
  bool add_space_prefix = false;          ///< SentencePiece and Unigram: begin a text with a space.
  bool remove_extra_whitespaces = false;  ///< Unigram: of a run of spaces one is left.
  bool lowercase = true;                  ///< WordPiece.
  bool strip_accents = true;              ///< WordPiece.
  /// Spaces after a special token belong to it (Phi-3).
  bool special_takes_spaces = false;

  TokenType Type(std::size_t id) const { return types.empty() ? TokenType::kNormal : types[id]; }
  std::size_t heap_bytes() const {
    return HeapBytes(pieces) + HeapBytes(scores) + HeapBytes(types) + HeapBytes(merges) +
           HeapBytes(character_map);
  }
  float Score(std::size_t id) const { return scores.empty() ? 0.0F : scores[id]; }
};

/// Limits of a vocabulary. A larger one is refused, because the time for one token grows with them.
inline constexpr std::size_t kMaxPieces = std::size_t{1} << 24;
inline constexpr std::size_t kMaxPieceBytes = std::size_t{1} << 14;
inline constexpr std::size_t kMaxSpecialPieceBytes = 512;

/// Checks sizes, ids, lengths and scores. kMalformed or kLimitExceeded name the field and the
/// value. Duplicate pieces are found later, by PieceMap.
Status CheckVocabulary(const Vocabulary& vocabulary);

}  // namespace fovea::text

#endif  // FOVEA_TEXT_VOCABULARY_H_
