// Stands in for this room and for tokenizer.json in builds that leave out a kind of tokenizer that
// they may ask for.
#include "engine/text/vocabulary_files/vocabulary_files.h"

namespace fovea::text {

Result<std::unique_ptr<Tokenizer>> ReadFolderTokenizer(const std::string& folder) {
  return Status(StatusCode::kUnsupported,
                folder +
                    ": tokenizers of folders need a build of Fovea with gpt2 and bert "
                    "(FOVEA_TOKENIZERS)");
}

}  // namespace fovea::text
