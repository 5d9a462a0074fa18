// What attention adds to scores by the distance of query and key, as one table per head.
#ifndef FOVEA_MODEL_DISTANCE_BIAS_H_
#define FOVEA_MODEL_DISTANCE_BIAS_H_

#include <cstddef>
#include <span>

#include "engine/model/hyperparameters.h"
#include "engine/model/weights.h"
#include "fovea/attention.h"
#include "platform/checked_math.h"

namespace fovea::model {

/// Floats of the table of a stack that runs `positions` tokens; 0 for models without such a bias.
platform::CheckedSize DistanceBiasFloats(const Hyperparameters& hp, const StackInfo& info,
                                         std::size_t positions);

/// Fills the table [heads, distances]: ALiBi's slopes (Press et al. 2022), or T5's learned bias of
/// each distance's bucket (Raffel et al. 2020). The result points into it; empty for models without
/// such a bias.
AttentionBias FillDistanceBias(const Hyperparameters& hp, const StackInfo& info, const Stack& stack,
                               std::size_t positions, std::span<float> table);

}  // namespace fovea::model

#endif  // FOVEA_MODEL_DISTANCE_BIAS_H_
