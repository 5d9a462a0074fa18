// A model's numbers, read from the file's keys and checked against each other before anything is
// sized by them.
#ifndef FOVEA_MODEL_HYPERPARAMETERS_H_
#define FOVEA_MODEL_HYPERPARAMETERS_H_

#include <cstddef>
#include <vector>

#include "engine/format/gguf_file.h"
#include "engine/model/family.h"
#include "fovea/model.h"
#include "fovea/status.h"

namespace fovea::model {

enum class RopeScaling : std::uint8_t { kNone, kLinear, kYarn, kLongRope };

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
  RopeParameters rope;         ///< Layers that see everything.
  RopeParameters window_rope;  ///< Layers with a sliding window.
};

/// Reads the keys of a supported family. The vocabulary and counts of parameters are filled in
/// later from the tensors.
Result<Hyperparameters> ReadHyperparameters(const format::GgufFile& file);

}  // namespace fovea::model

#endif  // FOVEA_MODEL_HYPERPARAMETERS_H_
