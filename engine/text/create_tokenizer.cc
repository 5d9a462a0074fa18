#include "engine/text/create_tokenizer.h"

#include <new>
#include <utility>

#include "engine/text/byte_level_tokenizer.h"
#include "engine/text/sentence_piece_tokenizer.h"
#include "engine/text/special_tokens.h"
#include "engine/text/vocabulary_tokenizer.h"
#include "engine/text/word_piece_tokenizer.h"

namespace fovea::text {
namespace {

Result<std::unique_ptr<Tokenizer>> Create(Vocabulary vocabulary) {
  if (Status s = CheckVocabulary(vocabulary); !s.ok()) return s;
  PreparedVocabulary prepared;
  prepared.vocabulary = std::move(vocabulary);
  if (Status s = prepared.map.Build(prepared.vocabulary.pieces); !s.ok()) return s;
  prepared.end_ids = ResolveSpecialTokens(prepared.map, &prepared.vocabulary);
  switch (prepared.vocabulary.kind) {
    case TokenizerKind::kSentencePiece:
      return std::unique_ptr<Tokenizer>(
          std::make_unique<SentencePieceTokenizer>(std::move(prepared)));
    case TokenizerKind::kByteLevel: return ByteLevelTokenizer::Create(std::move(prepared));
    case TokenizerKind::kWordPiece:
      return std::unique_ptr<Tokenizer>(std::make_unique<WordPieceTokenizer>(std::move(prepared)));
  }
  return Status(StatusCode::kUnsupported, "a tokenizer of an unknown kind");
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> CreateTokenizer(Vocabulary vocabulary) {
  try {
    return Create(std::move(vocabulary));
  } catch (const std::bad_alloc&) {
    return Status(StatusCode::kOutOfMemory, "not enough memory for the tokenizer");
  }
}

}  // namespace fovea::text
