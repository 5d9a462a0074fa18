// A tokenizer without its model.
#include <filesystem>
#include <system_error>

#include "engine/format/gguf_file.h"
#include "engine/model/load/folder/folder_tokenizer.h"
#include "engine/model/load/load_tokenizer.h"
#include "fovea/status_macros.h"
#include "fovea/tokenizer.h"
#include "platform/exceptions.h"

namespace fovea {

Result<std::unique_ptr<Tokenizer>> LoadTokenizer(const std::string& path) {
  // As in Model::Load, only the standard library's containers can throw here.
  const auto load = [&]() -> Result<std::unique_ptr<Tokenizer>> {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) return model::LoadFolderTokenizer(path);
    auto file = format::GgufFile::Open(path, format::GgufFile::Access::kMap);
    FOVEA_RETURN_IF_ERROR(file);
    return model::LoadTokenizer(*file);
  };
  return platform::ContainExceptions(load, [&](const platform::Thrown& thrown) {
    return thrown.out_of_memory ? Status(StatusCode::kOutOfMemory,
                                         path + ": not enough memory to load the tokenizer")
                                : Status(StatusCode::kLimitExceeded, path + ": " + thrown.text);
  });
}

}  // namespace fovea
