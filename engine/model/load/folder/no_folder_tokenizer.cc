// Stands in for folder_tokenizer.cc in builds without tokenizers.
#include "engine/model/load/folder/folder_tokenizer.h"

namespace fovea::model {

Result<std::unique_ptr<Tokenizer>> LoadFolderTokenizer(const std::string& folder) {
  return Status(StatusCode::kUnsupported,
                folder + ": this build of Fovea has no tokenizers (FOVEA_TOKENIZERS=none)");
}

}  // namespace fovea::model
