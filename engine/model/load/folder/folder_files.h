// The small files of a model folder besides its weights: config.json, and what
// generation_config.json and the files of sentence-transformers add to it. No path that a file
// names is followed.
#ifndef FOVEA_MODEL_LOAD_FOLDER_FOLDER_FILES_H_
#define FOVEA_MODEL_LOAD_FOLDER_FOLDER_FILES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model/load/folder/config_json.h"
#include "engine/model/load/folder/metadata.h"
#include "fovea/status.h"

namespace fovea::model {

/// "models/bert/" as "models/bert", so that messages name files as one expects.
std::string WithoutSlashes(const std::string& folder);

/// config.json. kNotFound with a line that says what a folder needs; kUnsupported for weights that
/// are quantized in a way of their own.
Result<ConfigJson> ReadFolderConfig(const std::string& folder);

/// One id or an array of them; empty if there is none.
std::vector<std::int32_t> ReadIds(const ConfigSection& config, std::string_view name);

/// The file if it is there; nothing if it is not.
Result<std::optional<ConfigJson>> ReadIfThere(const std::string& path);

/// tokenizer.ggml.{bos,eos,padding}_token_id, and tokenizer.ggml.eos_token_ids where there are
/// several: of generation_config.json, else of config.json.
void SetTokenIds(const ConfigSection& generation, const ConfigSection& config, Metadata* keys);

/// <architecture>.pooling_type from 1_Pooling/config.json and <architecture>.normalize_embeddings
/// from modules.json, if the folder has them. kUnsupported for embeddings that go through a layer
/// of their own afterwards.
Status ReadPooling(const std::string& folder, std::string_view architecture, Metadata* keys);

}  // namespace fovea::model

#endif  // FOVEA_MODEL_LOAD_FOLDER_FOLDER_FILES_H_
