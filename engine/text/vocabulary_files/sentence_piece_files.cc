// spiece.model, sentencepiece.bpe.model, tokenizer.model; Marian's source.spm and vocab.json.
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/format/json.h"
#include "engine/text/pair_form.h"
#include "engine/text/vocabulary_files/sentence_piece_model.h"
#include "engine/text/vocabulary_files/text_lines.h"
#include "engine/text/vocabulary_files/tokenizer_config.h"
#include "engine/text/vocabulary_files/vocabulary_files.h"
#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea::text {
namespace {

using format::SentencePieceFile;

constexpr std::string_view kMarianVocabulary = "vocab.json";

/// What a family does beside its pieces.
struct Family {
  std::string_view name;
  enum class Form : std::uint8_t { kT5, kBert, kRoberta, kDecoder } form = Form::kDecoder;
  bool shifted = false;         ///< Ids are fairseq's: <s> <pad> </s> <unk>, then the pieces.
  std::uint32_t extra_ids = 0;  ///< Tokens <extra_id_0> … behind the pieces, unless stated.
  bool albert = false;          ///< Quotes, accents and case are changed first.
};
constexpr Family kFamilies[] = {
    {.name = "t5", .form = Family::Form::kT5, .extra_ids = 100},
    {.name = "mt5", .form = Family::Form::kT5, .extra_ids = 0},
    {.name = "umt5", .form = Family::Form::kT5, .extra_ids = 0},
    {.name = "albert", .form = Family::Form::kBert, .albert = true},
    {.name = "xlmroberta", .form = Family::Form::kRoberta, .shifted = true},
    {.name = "llama"},
    {.name = "gemma"},
    {.name = "gemma2"},
    {.name = "gemma3"},
    {.name = "gemma3text"},
    {.name = "mistral"},
};

Status Needed(const TokenizerConfig& config, std::string_view file, const TokenTexts& vocabulary,
              TokenRole role, std::int32_t* id) {
  *id = config.Id(role, vocabulary);
  if (*id != kNoToken) return {};
  return config.Error(StatusCode::kMalformed, file,
                      "\"" + std::string(config.Text(role)) + "\" is not in the vocabulary");
}

void SetDefaults(const Family& family, TokenizerConfig* config) {
  if (family.form == Family::Form::kBert) {
    config->SetDefaults({{TokenRole::kBos, "[CLS]"},
                         {TokenRole::kEos, "[SEP]"},
                         {TokenRole::kCls, "[CLS]"},
                         {TokenRole::kSeparator, "[SEP]"},
                         {TokenRole::kPadding, "<pad>"},
                         {TokenRole::kMask, "[MASK]", true}});
  } else if (family.form == Family::Form::kRoberta) {
    config->SetDefaults({{TokenRole::kCls, "<s>"},
                         {TokenRole::kSeparator, "</s>"},
                         {TokenRole::kPadding, "<pad>"},
                         {TokenRole::kMask, "<mask>", true}});
  } else if (family.form == Family::Form::kT5) {
    config->SetDefaults({{TokenRole::kPadding, "<pad>"}});
  }
  const bool gemma = family.name.starts_with("gemma");
  config->SetDefaults(
      {{TokenRole::kEos, gemma ? "<eos>" : "</s>"}, {TokenRole::kUnknown, "<unk>"}});
  if (family.form != Family::Form::kT5) {
    config->SetDefaults({{TokenRole::kBos, gemma ? "<bos>" : "<s>"}});
  }
}

/// The texts by id, and which ids the pieces have.
Status NumberPieces(const SentencePieceFile& file, bool shifted, TokenTexts* vocabulary,
                    PieceIds* ids) {
  std::vector<std::string>& texts = vocabulary->texts;
  if (shifted) {
    texts = {"<s>", "<pad>", "</s>", "<unk>"};
    ids->unknown = 3;
  }
  for (std::size_t i = 0; i < file.pieces().size(); ++i) {
    const format::SentencePiece& piece = file.pieces()[i];
    if (shifted && i < 3) {  // <unk>, <s> and </s>, which have places already.
      ids->by_piece.push_back(i == 0 ? 3 : i == 1 ? 0 : 2);
      continue;
    }
    const auto id = static_cast<std::int32_t>(texts.size());
    if (!shifted && piece.type == format::SentencePiece::Type::kUnknown) ids->unknown = id;
    ids->by_piece.push_back(id);
    texts.emplace_back(piece.text);
  }
  if (const Status built = vocabulary->map.Build(texts); !built.ok()) {
    return file.Error(StatusCode::kMalformed, built.message());
  }
  return {};
}

/// Adds tokens that come behind the pieces, unless a file has stated them.
void AddExtraTokens(const Family& family, const TokenTexts& vocabulary, TokenizerConfig* config) {
  if (!config->added.empty()) return;
  auto next = static_cast<std::int32_t>(vocabulary.texts.size());
  if (family.shifted && vocabulary.Find(config->Text(TokenRole::kMask)) == kNoToken) {
    AddedToken mask = *config->roles[static_cast<std::size_t>(TokenRole::kMask)];
    mask.id = next++;
    config->added.push_back(std::move(mask));
  }
  if (family.form != Family::Form::kT5) return;
  for (std::uint32_t i = config->extra_ids.value_or(family.extra_ids); i > 0; --i) {
    AddedToken extra;  // <extra_id_0> has the last id.
    extra.content = "<extra_id_" + std::to_string(i - 1) + ">";
    extra.special = true;
    if (vocabulary.Find(extra.content) != kNoToken) continue;
    extra.id = next++;
    config->added.push_back(std::move(extra));
  }
}

Status SetForm(const Family& family, const TokenizerConfig& config, std::string_view file,
               const TokenTexts& vocabulary, TextTemplate* around) {
  std::int32_t first = kNoToken;
  std::int32_t last = kNoToken;
  switch (family.form) {
    case Family::Form::kT5:
      FOVEA_RETURN_IF_ERROR(Needed(config, file, vocabulary, TokenRole::kEos, &last));
      around->after = {last};
      around->pair = T5Pairs(last);
      return {};
    case Family::Form::kBert:
    case Family::Form::kRoberta:
      FOVEA_RETURN_IF_ERROR(Needed(config, file, vocabulary, TokenRole::kCls, &first));
      FOVEA_RETURN_IF_ERROR(Needed(config, file, vocabulary, TokenRole::kSeparator, &last));
      around->before = {first};
      around->after = {last};
      around->pair =
          family.form == Family::Form::kBert ? BertPairs(first, last) : RobertaPairs(first, last);
      return {};
    case Family::Form::kDecoder:
      if (config.add_bos.value_or(true)) {
        FOVEA_RETURN_IF_ERROR(Needed(config, file, vocabulary, TokenRole::kBos, &first));
        around->before = {first};
      }
      if (config.add_eos.value_or(false)) {
        FOVEA_RETURN_IF_ERROR(Needed(config, file, vocabulary, TokenRole::kEos, &last));
        around->after = {last};
      }
      return {};
  }
  return {};
}

Result<std::unique_ptr<Tokenizer>> Read(const std::string& folder) {
  auto config = ReadTokenizerConfig(folder);
  FOVEA_RETURN_IF_ERROR(config);
  std::string_view name = kSentencePieceFiles[0];
  for (const std::string_view candidate : kSentencePieceFiles) {
    if (!HasFile(folder, candidate)) continue;
    name = candidate;
    break;
  }
  const Family* family = nullptr;
  for (const Family& row : kFamilies) {
    if (row.name == config->family) family = &row;
  }
  const auto file = SentencePieceFile::Read(folder + "/" + std::string(name));
  FOVEA_RETURN_IF_ERROR(file);
  if (family == nullptr) return config->UnknownFamily(name);
  SetDefaults(*family, &*config);

  TokenTexts vocabulary;
  PieceIds ids;
  FOVEA_RETURN_IF_ERROR(NumberPieces(*file, family->shifted, &vocabulary, &ids));
  AddExtraTokens(*family, vocabulary, &*config);
  Stages stages;
  if (family->albert) {
    stages.normalizer.push_back(ReplaceStep("``", "\""));
    stages.normalizer.push_back(ReplaceStep("''", "\""));
    if (!config->keep_accents.value_or(false)) AddAccentStripper(&stages.normalizer);
    if (config->lowercase.value_or(true)) stages.normalizer.push_back(LowercaseStep());
  }
  auto normalizer = MakeSentencePieceNormalizer(*file);
  FOVEA_RETURN_IF_ERROR(normalizer);
  stages.normalizer.push_back(std::move(normalizer).value());
  FOVEA_RETURN_IF_ERROR(SetForm(*family, *config, name, vocabulary, &stages.around));
  stages.decoder = PieceDecoder::SentencePiece(file->add_dummy_prefix());
  auto model = MakeSentencePieceModel(*file, std::move(vocabulary), std::move(ids));
  FOVEA_RETURN_IF_ERROR(model);
  stages.model = std::move(model).value();
  return Finish(*config, name, std::move(stages));
}

Result<std::unique_ptr<Tokenizer>> ReadMarian(const std::string& folder) {
  auto config = ReadTokenizerConfig(folder);
  FOVEA_RETURN_IF_ERROR(config);
  if (config->family != "marian") return config->UnknownFamily(kMarianSource);
  config->SetDefaults(
      {{TokenRole::kEos, "</s>"}, {TokenRole::kUnknown, "<unk>"}, {TokenRole::kPadding, "<pad>"}});
  const auto file = SentencePieceFile::Read(folder + "/" + std::string(kMarianSource));
  FOVEA_RETURN_IF_ERROR(file);
  const auto json = format::JsonDocument::Read(folder + "/" + std::string(kMarianVocabulary),
                                               {.max_bytes = kMaxVocabularyFileBytes});
  FOVEA_RETURN_IF_ERROR(json);
  const Fields root(*json, json->root(), "");
  if (!json->root().IsObject() || json->root().size() == 0) {
    return root.Malformed("is no JSON object with tokens");
  }
  if (json->root().size() > kMaxPieces) {
    return root.Error(StatusCode::kLimitExceeded, "has more than 16777216 tokens");
  }
  TokenTexts vocabulary;
  FOVEA_RETURN_IF_ERROR(ReadVocabularyObject(root, json->root(), &vocabulary));
  if (!vocabulary.map.Build(vocabulary.texts).ok()) return root.Malformed("has a token twice");

  PieceIds ids;
  FOVEA_RETURN_IF_ERROR(
      Needed(*config, kMarianVocabulary, vocabulary, TokenRole::kUnknown, &ids.unknown));
  for (const format::SentencePiece& piece : file->pieces()) {
    const std::int32_t id = vocabulary.Find(piece.text);
    ids.by_piece.push_back(id == kNoToken ? ids.unknown : id);
  }
  for (const std::string& text : vocabulary.texts) {
    if (!text.starts_with(">>") || !text.ends_with("<<")) continue;
    AddedToken language;  // Which the text shall be translated to.
    language.content = text;
    language.id = vocabulary.Find(text);
    if (text.size() <= kMaxSpecialPieceBytes) config->added.push_back(std::move(language));
  }
  Stages stages;
  auto normalizer = MakeSentencePieceNormalizer(*file);
  FOVEA_RETURN_IF_ERROR(normalizer);
  stages.normalizer.push_back(std::move(normalizer).value());
  std::int32_t eos = kNoToken;
  FOVEA_RETURN_IF_ERROR(Needed(*config, kMarianVocabulary, vocabulary, TokenRole::kEos, &eos));
  stages.around.after = {eos};
  stages.decoder = PieceDecoder::SentencePiece(file->add_dummy_prefix());
  auto model = MakeSentencePieceModel(*file, std::move(vocabulary), std::move(ids));
  FOVEA_RETURN_IF_ERROR(model);
  stages.model = std::move(model).value();
  return Finish(*config, kMarianVocabulary, std::move(stages));
}

template <typename Body>
Result<std::unique_ptr<Tokenizer>> IfMemoryLasts(const std::string& folder, const Body& body) {
  return platform::IfMemoryLasts([&] { return body(folder); },
                                 [&]() -> Result<std::unique_ptr<Tokenizer>> {
                                   return Status(StatusCode::kOutOfMemory,
                                                 folder + ": not enough memory for the tokenizer");
                                 });
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> ReadSentencePieceFiles(const std::string& folder) {
  return IfMemoryLasts(folder, Read);
}

Result<std::unique_ptr<Tokenizer>> ReadMarianFiles(const std::string& folder) {
  return IfMemoryLasts(folder, ReadMarian);
}

}  // namespace fovea::text
