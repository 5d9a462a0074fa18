// A model's numbers, checked against each other before anything is sized by them.
#ifndef FOVEA_MODEL_HYPERPARAMETERS_H_
#define FOVEA_MODEL_HYPERPARAMETERS_H_

#include <cstddef>

#include "engine/model/family.h"
#include "fovea/model.h"

namespace fovea::model {

/// How positions become angles (Su et al. 2021; YaRN: Peng et al. 2023).
struct RopeParameters {
  std::size_t dims = 0;  ///< Values of a head that are rotated; even.
  float base = 10000.0F;
  RopeScaling scaling = RopeScaling::kNone;
  float factor = 1.0F;            ///< Positions are divided by it.
  float attention_factor = 1.0F;  ///< Extra factor on cosine and sine.
  std::size_t original_context = 0;
  float yarn_beta_fast = 32.0F;
  float yarn_beta_slow = 1.0F;
};

struct Hyperparameters {
  const Family* family = nullptr;
  ModelInfo info;
  float norm_epsilon = 0.0F;
  bool parallel_residual = false;
  RopeParameters rope;         ///< Layers with full attention.
  RopeParameters window_rope;  ///< Layers with a sliding window.
};

}  // namespace fovea::model

#endif  // FOVEA_MODEL_HYPERPARAMETERS_H_
