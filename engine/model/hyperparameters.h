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
  Activation activation = Activation::kSilu;
  std::size_t embedding_size = 0;   ///< Width of token embeddings; hidden_size unless projected.
  float embedding_scale = 1.0F;     ///< Multiplies token embeddings.
  float logit_scale = 1.0F;         ///< Multiplies logits.
  float residual_scale = 1.0F;      ///< Multiplies what sublayers add (Granite).
  std::size_t experts = 0;          ///< Of each feed-forward network; 0: it is dense.
  std::size_t experts_used = 0;     ///< By each token.
  std::size_t expert_ffn_size = 0;  ///< Feed-forward length of one expert.
  std::size_t shared_ffn_size = 0;  ///< Of the expert that all tokens run through; 0: none.
  bool normalize_expert_weights = false;  ///< Those of a token's experts add up to 1.
  float expert_weight_scale = 1.0F;       ///< Multiplies them.
  float alibi_max_bias = 0.0F;            ///< Sets the slopes of PositionKind::kAlibi.
  std::size_t distance_buckets = 0;       ///< Of PositionKind::kRelativeBuckets.
  std::size_t max_distance = 128;         ///< From here on all distances are in the last bucket.
  RopeParameters rope;                    ///< Layers with full attention.
  RopeParameters window_rope;             ///< Layers with a sliding window.
};

}  // namespace fovea::model

#endif  // FOVEA_MODEL_HYPERPARAMETERS_H_
