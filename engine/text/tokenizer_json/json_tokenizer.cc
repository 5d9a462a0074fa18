#include "engine/text/tokenizer_json/json_tokenizer.h"

#include <utility>

#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea::text {
namespace {

Result<std::unique_ptr<Tokenizer>> Create(const format::JsonDocument& json,
                                          const SpecialTexts& texts) {
  const Fields root(json, json.root(), "");
  if (!json.root().IsObject()) return root.Malformed("is no JSON object");
  Stages stages;
  stages.texts = texts;
  const auto model = root.Find("model");
  if (!model) return root.Malformed("model is missing");
  auto read_model = ReadWordModel(root.Below(*model, "model"));
  FOVEA_RETURN_IF_ERROR(read_model);
  stages.model = std::move(read_model).value();
  if (const auto normalizer = root.Find("normalizer")) {
    FOVEA_RETURN_IF_ERROR(
        ReadNormalizer(root.Below(*normalizer, "normalizer"), &stages.normalizer));
  }
  if (const auto splitter = root.Find("pre_tokenizer")) {
    FOVEA_RETURN_IF_ERROR(ReadSplitter(root.Below(*splitter, "pre_tokenizer"), &stages.splitter));
  }
  if (const auto around = root.Find("post_processor")) {
    FOVEA_RETURN_IF_ERROR(ReadTemplate(root.Below(*around, "post_processor"), &stages.around));
  }
  if (const auto decoder = root.Find("decoder")) {
    auto read = PieceDecoder::Read(root.Below(*decoder, "decoder"));
    FOVEA_RETURN_IF_ERROR(read);
    stages.decoder = std::move(read).value();
  }
  auto added = AddedTokens::Read(root, stages.normalizer);
  FOVEA_RETURN_IF_ERROR(added);
  stages.added = std::move(added).value();
  auto tokenizer = MakeStagedTokenizer(std::move(stages));
  if (!tokenizer.ok()) return root.Error(tokenizer.status().code(), tokenizer.status().message());
  return tokenizer;
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> CreateTokenizer(const format::JsonDocument& json,
                                                   const SpecialTexts& texts) {
  return platform::IfMemoryLasts([&] { return Create(json, texts); },
                                 [&]() -> Result<std::unique_ptr<Tokenizer>> {
                                   return json.Error(StatusCode::kOutOfMemory,
                                                     "not enough memory for the tokenizer");
                                 });
}

Result<std::unique_ptr<Tokenizer>> ReadTokenizerJson(const std::string& path,
                                                     const SpecialTexts& texts) {
  const auto json = format::JsonDocument::Read(path, {.max_bytes = kMaxTokenizerJsonBytes});
  FOVEA_RETURN_IF_ERROR(json);
  return CreateTokenizer(*json, texts);
}

}  // namespace fovea::text
