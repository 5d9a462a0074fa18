// What a Model owns. Private to the library; the rooms that run a model read it.
#ifndef FOVEA_MODEL_MODEL_IMPL_H_
#define FOVEA_MODEL_MODEL_IMPL_H_

#include <memory>
#include <utility>

#include "engine/format/gguf_file.h"
#include "engine/model/hyperparameters.h"
#include "engine/model/weights.h"
#include "fovea/model.h"
#include "fovea/status.h"
#include "fovea/tokenizer.h"

namespace fovea {

struct Model::Impl {
  explicit Impl(format::GgufFile gguf) : file(std::move(gguf)) {}

  format::GgufFile file;  // Owns the bytes that `weights` points into.
  bool packed = false;    // The bytes are no longer those of the file.
  bool has_file = true;   // There is a file to read again; false for models from a buffer.
  model::Hyperparameters hp;
  model::Weights weights;
  std::unique_ptr<Tokenizer> tokenizer;
  Status tokenizer_status;
};

}  // namespace fovea

#endif  // FOVEA_MODEL_MODEL_IMPL_H_
