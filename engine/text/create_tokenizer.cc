#include "engine/text/create_tokenizer.h"

#include <string>
#include <utility>

#include "engine/text/byte_level_tokenizer.h"
#include "engine/text/sentence_piece_tokenizer.h"
#include "engine/text/special_tokens.h"
#include "engine/text/unigram_tokenizer.h"
#include "engine/text/vocabulary_tokenizer.h"
#include "engine/text/word_piece_tokenizer.h"
#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea::text {
namespace {

Result<std::unique_ptr<Tokenizer>> Create(Vocabulary vocabulary) {
  FOVEA_RETURN_IF_ERROR(CheckVocabulary(vocabulary));
  PreparedVocabulary prepared;
  prepared.vocabulary = std::move(vocabulary);
  FOVEA_RETURN_IF_ERROR(prepared.map.Build(prepared.vocabulary.pieces));
  prepared.end_ids = ResolveSpecialTokens(prepared.map, &prepared.vocabulary);
  // A build may leave kinds out (CMake option FOVEA_TOKENIZERS).
  switch (prepared.vocabulary.kind) {
#if !defined(FOVEA_WITHOUT_TOKENIZER_LLAMA)
    case TokenizerKind::kSentencePiece:
      return std::unique_ptr<Tokenizer>(
          std::make_unique<SentencePieceTokenizer>(std::move(prepared)));
#endif
#if !defined(FOVEA_WITHOUT_TOKENIZER_GPT2)
    case TokenizerKind::kByteLevel: return ByteLevelTokenizer::Create(std::move(prepared));
#endif
#if !defined(FOVEA_WITHOUT_TOKENIZER_BERT)
    case TokenizerKind::kWordPiece:
      return std::unique_ptr<Tokenizer>(std::make_unique<WordPieceTokenizer>(std::move(prepared)));
#endif
#if !defined(FOVEA_WITHOUT_TOKENIZER_T5)
    case TokenizerKind::kUnigram: return UnigramTokenizer::Create(std::move(prepared));
#endif
    default: break;
  }
  return Status(StatusCode::kUnsupported,
                "this build of Fovea has no tokenizer \"" +
                    std::string(TokenizerKindName(prepared.vocabulary.kind)) +
                    "\" (CMake option FOVEA_TOKENIZERS)");
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> CreateTokenizer(Vocabulary vocabulary) {
  return platform::IfMemoryLasts(
      [&] { return Create(std::move(vocabulary)); },
      [] { return Status(StatusCode::kOutOfMemory, "not enough memory for the tokenizer"); });
}

}  // namespace fovea::text
