// Stands in for load_tokenizer.cc and tokenizer_file.cc in builds without tokenizers.
#include <string>

#include "engine/model/load/load_tokenizer.h"
#include "fovea/tokenizer.h"

namespace fovea {
namespace {

constexpr char kLeftOut[] = "this build of Fovea has no tokenizers (FOVEA_TOKENIZERS=none)";

}  // namespace

Result<std::unique_ptr<Tokenizer>> model::LoadTokenizer(const format::ModelSource& file) {
  return file.Error(StatusCode::kUnsupported, kLeftOut);
}

Result<std::unique_ptr<Tokenizer>> LoadTokenizer(const std::string& path) {
  return Status(StatusCode::kUnsupported, path + ": " + kLeftOut);
}

}  // namespace fovea
