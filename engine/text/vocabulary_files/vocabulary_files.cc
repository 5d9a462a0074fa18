// Which files of a folder its tokenizer comes from.
#include "engine/text/vocabulary_files/vocabulary_files.h"

#include <string_view>

#include "engine/text/tokenizer_json/json_tokenizer.h"
#include "engine/text/vocabulary_files/tokenizer_config.h"
#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea::text {
namespace {

constexpr std::string_view kTokenizerJson = "tokenizer.json";

Result<std::unique_ptr<Tokenizer>> ReadJson(const std::string& folder) {
  const auto config = ReadTokenizerConfig(folder);
  FOVEA_RETURN_IF_ERROR(config);
  const auto text = [&](TokenRole role) { return std::string(config->Text(role)); };
  std::string bos = text(TokenRole::kBos);
  if (bos.empty()) bos = text(TokenRole::kCls);
  return ReadTokenizerJson(folder + "/" + std::string(kTokenizerJson),
                           {.bos = bos,
                            .eos = text(TokenRole::kEos),
                            .unknown = text(TokenRole::kUnknown),
                            .separator = text(TokenRole::kSeparator),
                            .padding = text(TokenRole::kPadding),
                            .mask = text(TokenRole::kMask)});
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> ReadFolderTokenizer(const std::string& folder) {
  if (!HasFile(folder, kTokenizerJson)) return ReadVocabularyFiles(folder);
  return platform::IfMemoryLasts([&] { return ReadJson(folder); },
                                 [&]() -> Result<std::unique_ptr<Tokenizer>> {
                                   return Status(StatusCode::kOutOfMemory,
                                                 folder + ": not enough memory for the tokenizer");
                                 });
}

Result<std::unique_ptr<Tokenizer>> ReadVocabularyFiles(const std::string& folder) {
  if (HasFile(folder, kMarianSource)) return ReadMarianFiles(folder);
  for (const std::string_view name : kSentencePieceFiles) {
    if (HasFile(folder, name)) return ReadSentencePieceFiles(folder);
  }
  if (HasFile(folder, "vocab.json") && HasFile(folder, "merges.txt")) {
    return ReadByteLevelFiles(folder);
  }
  if (HasFile(folder, "vocab.txt")) return ReadWordPieceFiles(folder);
  return Status(StatusCode::kNotFound,
                folder +
                    ": there is no vocab.txt, no vocab.json with merges.txt, and no "
                    "spiece.model, sentencepiece.bpe.model, tokenizer.model or source.spm");
}

}  // namespace fovea::text
