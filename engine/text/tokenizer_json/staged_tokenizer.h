// A tokenizer made of stages, as the files of model folders describe it. Added tokens are cut out,
// the rest is normalized, cut into pieces and given to the model; a template puts ids around all of
// it. Every token keeps the bytes of the original text that it stands for.
#ifndef FOVEA_TEXT_TOKENIZER_JSON_STAGED_TOKENIZER_H_
#define FOVEA_TEXT_TOKENIZER_JSON_STAGED_TOKENIZER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/text/tokenizer_json/added_tokens.h"
#include "engine/text/tokenizer_json/normalizer.h"
#include "engine/text/tokenizer_json/piece_decoder.h"
#include "engine/text/tokenizer_json/splitter.h"
#include "engine/text/tokenizer_json/template.h"
#include "engine/text/tokenizer_json/word_model.h"
#include "engine/text/vocabulary.h"
#include "fovea/tokenizer.h"

namespace fovea::text {

/// kNoToken: the tokenizer has none.
struct SpecialIds {
  std::int32_t bos = kNoToken;
  std::int32_t eos = kNoToken;
  std::int32_t unknown = kNoToken;
  std::int32_t separator = kNoToken;
  std::int32_t padding = kNoToken;
  std::int32_t mask = kNoToken;
};

/// Texts of special tokens that a file states; empty: not stated.
struct SpecialTexts {
  std::string bos;
  std::string eos;
  std::string unknown;
  std::string separator;
  std::string padding;
  std::string mask;
};

/// The stages, in the order in which a text passes them.
struct Stages {
  AddedTokens added;
  std::vector<NormalizerStep> normalizer;
  std::vector<SplitterStep> splitter;
  std::unique_ptr<WordModel> model;
  TextTemplate around;
  PieceDecoder decoder = PieceDecoder::Words();
  SpecialTexts texts;
  SpecialIds ids;
};

/// Ids come from the texts that are stated, from the template (BOS and EOS), and else are found by
/// the usual texts of special tokens ("[MASK]", "<pad>", …). kMalformed, without a file's name, for
/// ids beyond the vocabulary.
Result<std::unique_ptr<Tokenizer>> MakeStagedTokenizer(Stages stages);

}  // namespace fovea::text

#endif  // FOVEA_TEXT_TOKENIZER_JSON_STAGED_TOKENIZER_H_
