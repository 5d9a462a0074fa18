// The tokenizer of a model folder.
#ifndef FOVEA_MODEL_LOAD_FOLDER_FOLDER_TOKENIZER_H_
#define FOVEA_MODEL_LOAD_FOLDER_FOLDER_TOKENIZER_H_

#include <memory>
#include <string>

#include "fovea/status.h"
#include "fovea/tokenizer.h"

namespace fovea::model {

/// As text::ReadFolderTokenizer; BOS and EOS come from generation_config.json or config.json where
/// the tokenizer's own files do not say, and every end that those name ends a generation.
Result<std::unique_ptr<Tokenizer>> LoadFolderTokenizer(const std::string& folder);

}  // namespace fovea::model

#endif  // FOVEA_MODEL_LOAD_FOLDER_FOLDER_TOKENIZER_H_
