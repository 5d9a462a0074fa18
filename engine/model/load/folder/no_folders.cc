// Stands in for this room in builds without model folders.
#include "engine/model/load/folder/folder_tokenizer.h"
#include "engine/model/load/folder/open_folder.h"

namespace fovea::model {
namespace {

constexpr char kLeftOut[] = "this build of Fovea reads no model folders (FOVEA_FOLDERS=OFF)";

}  // namespace

Result<std::unique_ptr<format::ModelSource>> OpenFolder(const std::string& folder,
                                                        const FolderOptions& /*options*/) {
  return Status(StatusCode::kUnsupported, folder + ": " + kLeftOut);
}

Result<std::unique_ptr<Tokenizer>> LoadFolderTokenizer(const std::string& folder) {
  return Status(StatusCode::kUnsupported, folder + ": " + kLeftOut);
}

}  // namespace fovea::model
