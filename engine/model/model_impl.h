// What a Model owns, whatever format its file has. Private to the library; the modules that run a
// model read it.
#ifndef FOVEA_MODEL_MODEL_IMPL_H_
#define FOVEA_MODEL_MODEL_IMPL_H_

#include <memory>

#include "engine/format/model_source.h"
#include "engine/model/hyperparameters.h"
#include "engine/model/weights.h"
#include "fovea/model.h"
#include "fovea/status.h"
#include "fovea/tokenizer.h"

namespace fovea {

struct Model::Impl {
  std::unique_ptr<const format::ModelSource> source;  // Owns the bytes that weights point into.
  model::Hyperparameters hp;
  model::Weights weights;
  std::unique_ptr<Tokenizer> tokenizer;  // Null, with the reason in tokenizer_status.
  Status tokenizer_status;
};

}  // namespace fovea

#endif  // FOVEA_MODEL_MODEL_IMPL_H_
