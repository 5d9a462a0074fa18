// vocab.json and merges.txt.
#include <algorithm>
#include <utility>

#include "engine/format/json.h"
#include "engine/text/pair_form.h"
#include "engine/text/tokenizer_json/bpe_model.h"
#include "engine/text/vocabulary_files/text_lines.h"
#include "engine/text/vocabulary_files/tokenizer_config.h"
#include "engine/text/vocabulary_files/vocabulary_files.h"
#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea::text {
namespace {

constexpr std::string_view kVocabulary = "vocab.json";
constexpr std::string_view kMerges = "merges.txt";
/// Nothing is put around a text.
constexpr std::string_view kAsGpt2[] = {"gpt2", "codegen", "gptneo", "gptj", "phi", "opt"};
/// <s> … </s>
constexpr std::string_view kAsRoberta[] = {"roberta", "bart", "longformer", "led"};

template <std::size_t kCount>
bool Has(const std::string_view (&families)[kCount], std::string_view family) {
  return std::find(std::begin(families), std::end(families), family) != std::end(families);
}

Result<TokenTexts> ReadTokens(const TokenizerConfig& config) {
  const auto json = format::JsonDocument::Read(config.folder + "/" + std::string(kVocabulary),
                                               {.max_bytes = kMaxVocabularyFileBytes});
  FOVEA_RETURN_IF_ERROR(json);
  const Fields root(*json, json->root(), "");
  if (!json->root().IsObject()) return root.Malformed("is no JSON object");
  if (json->root().size() == 0) return root.Malformed("is empty");
  if (json->root().size() > kMaxPieces) {
    return root.Error(StatusCode::kLimitExceeded, "has more than 16777216 tokens");
  }
  TokenTexts vocabulary;
  FOVEA_RETURN_IF_ERROR(ReadVocabularyObject(root, json->root(), &vocabulary));
  if (!vocabulary.map.Build(vocabulary.texts).ok()) return root.Malformed("has a token twice");
  return vocabulary;
}

Result<BpeMerges> ReadMerges(const TokenizerConfig& config, const TokenTexts& vocabulary) {
  const auto lines = TextLines::Read(config.folder + "/" + std::string(kMerges));
  FOVEA_RETURN_IF_ERROR(lines);
  BpeMerges merges;
  const Status read = lines->ForEach([&](std::string_view line, std::size_t number) -> Status {
    const auto wrong = [&](StatusCode code, std::string_view what) {
      return config.Error(code, kMerges, "line " + std::to_string(number) + std::string(what));
    };
    if (line.empty() || line.starts_with("#version")) return {};
    const std::size_t space = line.find(' ');
    if (space == line.npos || line.find(' ', space + 1) != line.npos) {
      return wrong(StatusCode::kMalformed, " is not two texts with a space between");
    }
    if (merges.size() == kMaxPieces) {
      return wrong(StatusCode::kLimitExceeded, " is beyond the limit of 16777216 merges");
    }
    if (!merges.Add(vocabulary, line.substr(0, space), line.substr(space + 1), "")) {
      return wrong(StatusCode::kMalformed, " has a part or a result that is not in the vocabulary");
    }
    return {};
  });
  FOVEA_RETURN_IF_ERROR(read);
  merges.Sort();
  return merges;
}

Result<std::unique_ptr<Tokenizer>> Read(const std::string& folder) {
  auto config = ReadTokenizerConfig(folder);
  FOVEA_RETURN_IF_ERROR(config);
  const bool roberta = Has(kAsRoberta, config->family);
  if (!roberta && !Has(kAsGpt2, config->family)) return config->UnknownFamily(kVocabulary);
  if (roberta) {
    config->SetDefaults({{TokenRole::kBos, "<s>"},
                         {TokenRole::kEos, "</s>"},
                         {TokenRole::kCls, "<s>"},
                         {TokenRole::kSeparator, "</s>"},
                         {TokenRole::kUnknown, "<unk>"},
                         {TokenRole::kPadding, "<pad>"},
                         {TokenRole::kMask, "<mask>", true}});
  } else {
    config->SetDefaults({{TokenRole::kBos, "<|endoftext|>"},
                         {TokenRole::kEos, "<|endoftext|>"},
                         {TokenRole::kUnknown, "<|endoftext|>"}});
  }
  auto vocabulary = ReadTokens(*config);
  FOVEA_RETURN_IF_ERROR(vocabulary);
  auto merges = ReadMerges(*config, *vocabulary);
  FOVEA_RETURN_IF_ERROR(merges);

  Stages stages;
  FOVEA_RETURN_IF_ERROR(AddByteLevelSplitter(
      {.add_prefix_space = config->add_prefix_space.value_or(false)}, &stages.splitter));
  const auto needed = [&](TokenRole role, std::int32_t* id) -> Status {
    *id = config->Id(role, *vocabulary);
    if (*id != kNoToken) return {};
    return config->Error(StatusCode::kMalformed, kVocabulary,
                         "\"" + std::string(config->Text(role)) + "\" is not in the vocabulary");
  };
  if (roberta) {
    std::int32_t cls = kNoToken;
    std::int32_t separator = kNoToken;
    FOVEA_RETURN_IF_ERROR(needed(TokenRole::kCls, &cls));
    FOVEA_RETURN_IF_ERROR(needed(TokenRole::kSeparator, &separator));
    stages.around.before = {cls};
    stages.around.after = {separator};
    stages.around.pair = RobertaPairs(cls, separator);
  } else if (config->add_bos.value_or(false)) {
    std::int32_t bos = kNoToken;
    FOVEA_RETURN_IF_ERROR(needed(TokenRole::kBos, &bos));
    stages.around.before = {bos};
  }
  stages.decoder = PieceDecoder::ByteLevel();
  BpeOptions options;
  const std::string_view unknown = config->Text(TokenRole::kUnknown);
  if (vocabulary->Find(unknown) != kNoToken) options.unknown = unknown;
  stages.model = MakeBpe(std::move(vocabulary).value(), std::move(merges).value(), options);
  return Finish(*config, kVocabulary, std::move(stages));
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> ReadByteLevelFiles(const std::string& folder) {
  return platform::IfMemoryLasts([&] { return Read(folder); },
                                 [&]() -> Result<std::unique_ptr<Tokenizer>> {
                                   return Status(StatusCode::kOutOfMemory,
                                                 folder + ": not enough memory for the tokenizer");
                                 });
}

}  // namespace fovea::text
