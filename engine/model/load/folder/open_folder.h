// Opens a model folder (config.json and safetensors files) as a model source.
#ifndef FOVEA_MODEL_LOAD_FOLDER_OPEN_FOLDER_H_
#define FOVEA_MODEL_LOAD_FOLDER_OPEN_FOLDER_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "engine/format/model_source.h"
#include "fovea/data_type.h"
#include "fovea/status.h"
#include "platform/memory_source.h"

namespace fovea::model {

struct FolderOptions {
  /// Matrices become this type, as `fovea quantize` chooses them; nothing: they stay as they are.
  std::optional<DataType> quantize = std::nullopt;
  /// kLimitExceeded before anything is read if the weights need more bytes; 0: no limit.
  std::size_t max_memory = 0;
  /// Compute ContentHash(), which is empty otherwise.
  bool content_hash = true;
  /// Gives the memory for the weights; must outlive the source.
  platform::MemorySource memory = {};
};

/// Reads config.json, then the weights, tensor by tensor, into one block of memory, in which each
/// begins at a multiple of 64. The files are mapped meanwhile, so they must not shrink; of their
/// pages those of one tensor are in memory at a time. Errors are one line that names the folder or
/// file and the reason: kNotFound, kMalformed, kUnsupported (also for builds without folders),
/// kLimitExceeded, kOutOfMemory, and those of Encode.
Result<std::unique_ptr<format::ModelSource>> OpenFolder(const std::string& folder,
                                                        const FolderOptions& options = {});

}  // namespace fovea::model

#endif  // FOVEA_MODEL_LOAD_FOLDER_OPEN_FOLDER_H_
