// Feed-forward networks: dense, gated, or a mixture of experts.
#ifndef FOVEA_MODEL_FEED_FORWARD_H_
#define FOVEA_MODEL_FEED_FORWARD_H_

#include "engine/model/forward_context.h"

namespace fovea::model {

/// buffers.ffn_out = the network's output for the tokens from run.first_needed on. input: [count,
/// hidden_size]
void FeedForward(const ForwardContext& context, const LayerRun& run,
                 const FeedForwardWeights& weights, const float* input);

}  // namespace fovea::model

#endif  // FOVEA_MODEL_FEED_FORWARD_H_
