// Brings one tensor of a folder into memory: rows in GGUF's order, in the type that is wanted.
#ifndef FOVEA_MODEL_LOAD_FOLDER_TENSOR_COPY_H_
#define FOVEA_MODEL_LOAD_FOLDER_TENSOR_COPY_H_

#include <cstddef>
#include <span>

#include "engine/model/load/folder/tensor_plan.h"
#include "fovea/status.h"

namespace fovea::model {

/// Fills out[tensor.bytes]. Needs memory for some rows besides. Errors are those of Encode; they
/// say which row, not which tensor.
Status CopyTensor(const PlannedTensor& tensor, const Facts& facts, std::span<std::byte> out);

}  // namespace fovea::model

#endif  // FOVEA_MODEL_LOAD_FOLDER_TENSOR_COPY_H_
