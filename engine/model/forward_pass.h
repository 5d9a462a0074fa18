// The forward pass of a decoder, layer by layer, as the family's row says. It owns nothing: weights
// belong to the model, memory to the session.
#ifndef FOVEA_MODEL_FORWARD_PASS_H_
#define FOVEA_MODEL_FORWARD_PASS_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/attention/kv_cache.h"
#include "engine/attention/tiled_attention.h"
#include "engine/kernels/dispatch/kernel_table.h"
#include "engine/matmul/matmul.h"
#include "engine/model/buffers.h"
#include "engine/model/hyperparameters.h"
#include "engine/model/rope_table.h"
#include "engine/model/weights.h"
#include "fovea/attention.h"
#include "fovea/session.h"

namespace fovea::model {

/// All that the forward pass works with; the same for every prefill batch of a session.
struct ForwardContext {
  const Hyperparameters* hp = nullptr;
  const Weights* weights = nullptr;
  const kernels::KernelTable* kernels = nullptr;
  platform::Parallel* parallel = nullptr;
  matmul::Context matmul;
  attention::Context attention;
  attention::KvCache* cache = nullptr;
  Buffers buffers;
  const RopeTable* rope = nullptr;
  const RopeTable* window_rope = nullptr;
};

/// Embeds the tokens into hidden_state and computes the rotary angles of their positions.
/// tokens: [count], ids already checked; `position` is that of the first.
void Embed(const ForwardContext& context, std::span<const std::int32_t> tokens,
           std::size_t position);

/// Computes the cosines and sines of positions [position, position + count), which all layers of
/// the batch share.
void ComputeRotaryAngles(const ForwardContext& context, std::size_t count, std::size_t position);

/// Runs one layer over `count` tokens in hidden_state, in place. What follows attention is computed
/// only for the tokens from `first_needed` on; nobody reads the last layer's output of earlier
/// ones. Of `ablations`, those of this layer apply.
void RunLayer(const ForwardContext& context, std::size_t layer, std::size_t count,
              std::size_t position, std::size_t first_needed, AttentionObserver* observer,
              std::span<const HeadAblation> ablations);

/// The first half of RunLayer: computes `normed` and `attended` from hidden_state, which stays as
/// it is. Keys and values are stored in the cache.
void AttendLayer(const ForwardContext& context, std::size_t layer, std::size_t count,
                 std::size_t position, AttentionObserver* observer);

/// Computes only `normed`, as AttendLayer does.
void NormLayerInput(const ForwardContext& context, std::size_t layer, std::size_t count);

/// Overwrites the head's output for the tokens [first, count), in `attended`, with the replacement.
void ReplaceHead(const ForwardContext& context, const HeadAblation& ablation, std::size_t first,
                 std::size_t count);

/// The second half of RunLayer: output projection, residuals and feed-forward network, computed
/// from `attended` (and from `normed`, where SharesNorm).
void FinishLayer(const ForwardContext& context, std::size_t layer, std::size_t count,
                 std::size_t first_needed);

/// Whether the feed-forward network reads the same normalized input as attention (Phi 2).
bool SharesNorm(const LayerWeights& weights);

/// Logits of tokens [first, first + count) of hidden_state into buffers.logits; count <=
/// kLogitRows.
void ComputeLogits(const ForwardContext& context, std::size_t first, std::size_t count);

}  // namespace fovea::model

#endif  // FOVEA_MODEL_FORWARD_PASS_H_
