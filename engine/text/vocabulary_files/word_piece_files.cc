// vocab.txt.
#include <algorithm>
#include <utility>

#include "engine/text/pair_form.h"
#include "engine/text/vocabulary_files/text_lines.h"
#include "engine/text/vocabulary_files/tokenizer_config.h"
#include "engine/text/vocabulary_files/vocabulary_files.h"
#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea::text {
namespace {

constexpr std::string_view kFile = "vocab.txt";
/// Classes that do as BERT's, apart from MPNet's names of special tokens. Empty: not stated.
constexpr std::string_view kFamilies[] = {"",          "bert",       "distilbert", "electra",
                                          "nomicbert", "mobilebert", "mpnet"};

Result<TokenTexts> ReadTokens(const TokenizerConfig& config) {
  const auto lines = TextLines::Read(config.folder + "/" + std::string(kFile));
  FOVEA_RETURN_IF_ERROR(lines);
  TokenTexts vocabulary;
  const Status read = lines->ForEach([&](std::string_view line, std::size_t number) -> Status {
    const auto refused = [&](const std::string& what) {
      return config.Error(StatusCode::kLimitExceeded, kFile,
                          "line " + std::to_string(number) + " " + what);
    };
    if (number > kMaxPieces) return refused("is beyond the limit of 16777216 tokens");
    if (line.size() > kMaxPieceBytes) {
      return refused("has " + std::to_string(line.size()) + " bytes, the limit is " +
                     std::to_string(kMaxPieceBytes));
    }
    vocabulary.texts.emplace_back(line);
    return {};
  });
  FOVEA_RETURN_IF_ERROR(read);
  if (vocabulary.texts.empty()) return config.Error(StatusCode::kMalformed, kFile, "is empty");
  if (!vocabulary.map.Build(vocabulary.texts).ok()) {
    return config.Error(StatusCode::kMalformed, kFile, "has a token twice");
  }
  return vocabulary;
}

Result<std::unique_ptr<Tokenizer>> Read(const std::string& folder) {
  auto config = ReadTokenizerConfig(folder);
  FOVEA_RETURN_IF_ERROR(config);
  if (std::find(std::begin(kFamilies), std::end(kFamilies), config->family) ==
      std::end(kFamilies)) {
    return config->UnknownFamily(kFile);
  }
  const bool mpnet = config->family == "mpnet";
  if (mpnet) {
    config->SetDefaults({{TokenRole::kBos, "<s>"},
                         {TokenRole::kEos, "</s>"},
                         {TokenRole::kCls, "<s>"},
                         {TokenRole::kSeparator, "</s>"},
                         {TokenRole::kUnknown, "[UNK]"},
                         {TokenRole::kPadding, "<pad>"},
                         {TokenRole::kMask, "<mask>", true}});
  } else {
    config->SetDefaults({{TokenRole::kCls, "[CLS]"},
                         {TokenRole::kSeparator, "[SEP]"},
                         {TokenRole::kUnknown, "[UNK]"},
                         {TokenRole::kPadding, "[PAD]"},
                         {TokenRole::kMask, "[MASK]"}});
  }
  auto vocabulary = ReadTokens(*config);
  FOVEA_RETURN_IF_ERROR(vocabulary);

  const std::int32_t cls = config->Id(TokenRole::kCls, *vocabulary);
  const std::int32_t separator = config->Id(TokenRole::kSeparator, *vocabulary);
  WordPieceOptions options;
  options.unknown = config->Id(TokenRole::kUnknown, *vocabulary);
  for (const TokenRole role : {TokenRole::kCls, TokenRole::kSeparator, TokenRole::kUnknown}) {
    if (config->Id(role, *vocabulary) != kNoToken) continue;
    return config->Error(StatusCode::kMalformed, kFile,
                         "\"" + std::string(config->Text(role)) + "\" is not in the vocabulary");
  }

  Stages stages;
  BertNormalizer normalizer;
  normalizer.chinese = config->chinese.value_or(true);
  normalizer.lowercase = config->lowercase.value_or(true);
  normalizer.strip_accents = config->strip_accents.value_or(normalizer.lowercase);
  AddBertNormalizer(normalizer, &stages.normalizer);
  AddBertSplitter(&stages.splitter);
  stages.around.before = {cls};
  stages.around.after = {separator};
  stages.around.pair = mpnet ? RobertaPairs(cls, separator) : BertPairs(cls, separator);
  stages.decoder = PieceDecoder::WordPieces(options.prefix);
  stages.model = MakeWordPiece(std::move(vocabulary).value(), options);
  return Finish(*config, kFile, std::move(stages));
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> ReadWordPieceFiles(const std::string& folder) {
  return platform::IfMemoryLasts([&] { return Read(folder); },
                                 [&]() -> Result<std::unique_ptr<Tokenizer>> {
                                   return Status(StatusCode::kOutOfMemory,
                                                 folder + ": not enough memory for the tokenizer");
                                 });
}

}  // namespace fovea::text
