// Which tensors a folder's model has in GGUF's names, where in the shards they come from, and how
// large they become.
#ifndef FOVEA_MODEL_LOAD_FOLDER_TENSOR_PLAN_H_
#define FOVEA_MODEL_LOAD_FOLDER_TENSOR_PLAN_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/format/safetensors_folder.h"
#include "engine/model/load/folder/architecture.h"
#include "fovea/data_type.h"
#include "fovea/status.h"

namespace fovea::model {

struct PlannedTensor {
  std::string name;                ///< GGUF's.
  std::string source;              ///< The folder's, for messages.
  DataType from = DataType::kF32;  ///< In the folder.
  DataType type = DataType::kF32;  ///< In memory.
  Change change = Change::kNone;
  std::size_t rows = 0;
  std::size_t columns = 1;  ///< 1: a vector of `rows`.
  bool is_vector = false;   ///< Has one dimension.
  std::vector<std::span<const std::byte>> data =
      {};                            ///< One, or one per row (Change::kStackHeads).
  std::vector<float> computed = {};  ///< The values, where no file has them.
  std::size_t offset = 0;            ///< In the arena.
  std::size_t bytes = 0;
};

struct TensorPlan {
  std::vector<PlannedTensor> tensors;
  std::size_t bytes = 0;  ///< Of the arena; each tensor begins at a multiple of 64.
};

/// Every tensor of the folder must be used or known to be harmless (kUnsupported), every one that
/// the architecture needs must be there (kNotFound) and have its shape (kMalformed). Messages give
/// the names that the folder uses. Takes over facts->computed.
Result<TensorPlan> PlanTensors(const std::string& path, const Architecture& row, Facts* facts,
                               const format::SafetensorsFolder& folder,
                               std::optional<DataType> quantize);

}  // namespace fovea::model

#endif  // FOVEA_MODEL_LOAD_FOLDER_TENSOR_PLAN_H_
