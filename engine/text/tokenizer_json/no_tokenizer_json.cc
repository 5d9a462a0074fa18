// Stands in for tokenizer.json in builds that leave out a kind of tokenizer that it may ask for.
#include "engine/text/tokenizer_json/json_tokenizer.h"

namespace fovea::text {
namespace {

constexpr std::string_view kLeftOut =
    "tokenizer.json needs a build of Fovea with the tokenizers gpt2 and bert (FOVEA_TOKENIZERS)";

}  // namespace

Result<std::unique_ptr<Tokenizer>> CreateTokenizer(const format::JsonDocument& json) {
  return json.Error(StatusCode::kUnsupported, kLeftOut);
}

Result<std::unique_ptr<Tokenizer>> ReadTokenizerJson(const std::string& path) {
  return Status(StatusCode::kUnsupported, path + ": " + std::string(kLeftOut));
}

}  // namespace fovea::text
