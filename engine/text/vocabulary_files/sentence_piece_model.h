// The two models of SentencePiece files: Unigram, and BPE by scores.
#ifndef FOVEA_TEXT_VOCABULARY_FILES_SENTENCE_PIECE_MODEL_H_
#define FOVEA_TEXT_VOCABULARY_FILES_SENTENCE_PIECE_MODEL_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/format/sentence_piece_file.h"
#include "engine/text/tokenizer_json/normalizer.h"
#include "engine/text/tokenizer_json/word_model.h"
#include "fovea/status.h"

namespace fovea::text {

/// The ids that the pieces of a file have in a model.
struct PieceIds {
  std::vector<std::int32_t> by_piece;
  std::int32_t unknown = -1;
};

/// vocabulary: the texts by id, for byte tokens and for showing. kMalformed for pieces that come
/// twice, kUnsupported for a model that is neither Unigram nor BPE; messages name the file. The
/// model does not refer to the file.
Result<std::unique_ptr<WordModel>> MakeSentencePieceModel(const format::SentencePieceFile& file,
                                                          TokenTexts vocabulary, PieceIds ids);

/// The normalization that the file states. kUnsupported for settings that are not known.
Result<NormalizerStep> MakeSentencePieceNormalizer(const format::SentencePieceFile& file);

}  // namespace fovea::text

#endif  // FOVEA_TEXT_VOCABULARY_FILES_SENTENCE_PIECE_MODEL_H_
