// Loads a model from a GGUF file, from one in memory, or from a folder.
#ifndef FOVEA_MODEL_LOAD_LOAD_MODEL_H_
#define FOVEA_MODEL_LOAD_LOAD_MODEL_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "engine/model/model_impl.h"
#include "fovea/model.h"
#include "fovea/status.h"

namespace fovea::model {

/// Errors as of Model::Load. May throw what the standard library's containers do.
Result<std::shared_ptr<Model::Impl>> LoadFile(const std::string& path, const LoadOptions& options);

/// Errors as of Model::FromBuffer. May throw what the standard library's containers do.
Result<std::shared_ptr<Model::Impl>> LoadBuffer(std::span<const std::byte> bytes,
                                                const LoadOptions& options,
                                                const std::string& name);

}  // namespace fovea::model

#endif  // FOVEA_MODEL_LOAD_LOAD_MODEL_H_
