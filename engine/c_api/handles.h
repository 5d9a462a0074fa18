// What the opaque handles of models and tokenizers are inside.
#ifndef FOVEA_C_API_HANDLES_H_
#define FOVEA_C_API_HANDLES_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "engine/c_api/memory.h"
#include "fovea/fovea.h"
#include "fovea/model.h"
#include "fovea/sampler.h"
#include "fovea/tokenizer.h"

struct fovea_tokenizer {
  explicit fovea_tokenizer(fovea::c_api::Memory host) : memory(host) {}

  fovea::c_api::Memory memory;
  std::unique_ptr<fovea::Tokenizer> owned;      // Null if it is a model's.
  const fovea::Tokenizer* tokenizer = nullptr;  // Of either.
  fovea_model* model = nullptr;                 // Null if it is its own.
};

/// Counts who uses it: the caller, sessions, detokenizers.
struct fovea_model {
  explicit fovea_model(fovea::c_api::Memory host) : memory(host), tokenizer(host) {}

  fovea::c_api::Memory memory;
  std::atomic<std::size_t> users{1};
  std::optional<fovea::Model> model;  // Empty only while it loads.
  fovea_tokenizer tokenizer;
};

struct fovea_sampler {
  fovea_sampler(fovea::c_api::Memory host, fovea::Sampler created)
      : memory(host), sampler(std::move(created)) {}

  fovea::c_api::Memory memory;
  fovea::Sampler sampler;
};

namespace fovea::c_api {

/// Keeps a model alive. Null is allowed.
class ModelUse {
 public:
  ModelUse() = default;
  explicit ModelUse(const fovea_model* model);
  ModelUse(const ModelUse&) = delete;
  ModelUse& operator=(const ModelUse&) = delete;
  ~ModelUse();

  const Model& operator*() const { return *model_->model; }
  const Model* operator->() const { return &*model_->model; }

 private:
  fovea_model* model_ = nullptr;
};

/// One user less; the last one ends the model. Null is allowed.
void Release(fovea_model* model);

}  // namespace fovea::c_api

#endif  // FOVEA_C_API_HANDLES_H_
