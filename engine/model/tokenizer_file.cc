// A tokenizer without its model.

#include <exception>
#include <new>

#include "engine/format/gguf_file.h"
#include "engine/model/load_tokenizer.h"
#include "fovea/tokenizer.h"

namespace fovea {

Result<std::unique_ptr<Tokenizer>> LoadTokenizer(const std::string& path) {
  // As in Model::Load, only the standard library's containers can throw here.
  try {
    auto file = format::GgufFile::Open(path, format::GgufFile::Access::kMap);
    if (!file) return file.status();
    return model::LoadTokenizer(*file);
  } catch (const std::bad_alloc&) {
    return Status(StatusCode::kOutOfMemory, path + ": not enough memory to load the tokenizer");
  } catch (const std::exception& error) {
    return Status(StatusCode::kLimitExceeded, path + ": " + error.what());
  }
}

}  // namespace fovea
