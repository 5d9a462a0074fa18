// The tokenizer of a model folder.
#ifndef FOVEA_MODEL_LOAD_FOLDER_FOLDER_TOKENIZER_H_
#define FOVEA_MODEL_LOAD_FOLDER_FOLDER_TOKENIZER_H_

#include <memory>
#include <string>

#include "fovea/status.h"
#include "fovea/tokenizer.h"

namespace fovea::model {

/// The first way that the folder has the file for. BOS, EOS and what ends a generation come from
/// tokenizer_config.json, generation_config.json and config.json where the tokenizer's own file
/// does not say. kNotFound if there is none of the files; errors of the one that is there
/// otherwise.
Result<std::unique_ptr<Tokenizer>> LoadFolderTokenizer(const std::string& folder);

}  // namespace fovea::model

#endif  // FOVEA_MODEL_LOAD_FOLDER_FOLDER_TOKENIZER_H_
