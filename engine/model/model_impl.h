// What a Model owns, whatever format its file has. Private to the library; the modules that run a
// model read it.
#ifndef FOVEA_MODEL_MODEL_IMPL_H_
#define FOVEA_MODEL_MODEL_IMPL_H_

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "engine/model/hyperparameters.h"
#include "engine/model/weights.h"
#include "fovea/model.h"
#include "fovea/status.h"
#include "fovea/tokenizer.h"

namespace fovea {
namespace model {

/// The file (or buffer) that a model was loaded from. Owns the bytes that its weights point into.
class ModelFile {
 public:
  virtual ~ModelFile() = default;

  /// All bytes of the file, as they are in memory (packed, if they were).
  virtual std::span<const std::byte> bytes() const = 0;
  /// What is kept beside the bytes: lists of keys and tensors.
  virtual std::size_t heap_bytes() const = 0;
  /// In file order.
  virtual std::vector<TensorSummary> Tensors() const = 0;
};

}  // namespace model

struct Model::Impl {
  std::unique_ptr<const model::ModelFile> file;
  model::Hyperparameters hp;
  model::Weights weights;
  std::unique_ptr<Tokenizer> tokenizer;  // Null, with the reason in tokenizer_status.
  Status tokenizer_status;
};

}  // namespace fovea

#endif  // FOVEA_MODEL_MODEL_IMPL_H_
