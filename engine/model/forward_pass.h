// One transformer block after another, as the family's row says. The walker owns nothing: weights
// come from the model, memory from the session.
#ifndef FOVEA_MODEL_FORWARD_PASS_H_
#define FOVEA_MODEL_FORWARD_PASS_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/attention/kv_cache.h"
#include "engine/attention/tiled_attention.h"
#include "engine/kernels/dispatch/kernel_table.h"
#include "engine/matmul/matmul.h"
#include "engine/model/hyperparameters.h"
#include "engine/model/rope_table.h"
#include "engine/model/weights.h"
#include "fovea/attention.h"
#include "fovea/session.h"

namespace fovea::model {

/// The session's buffers for one prefill batch; shapes as in ScratchLayout.
struct Buffers {
  float* hidden_state = nullptr;  // [prefill_batch, hidden_size]
  float* normed = nullptr;        // [prefill_batch, hidden_size]
  float* query = nullptr;         // [prefill_batch, heads, head_dim]
  float* key = nullptr;           // [prefill_batch, kv_heads, head_dim]
  float* value = nullptr;         // [prefill_batch, kv_heads, value_dim]
  float* attended = nullptr;      // [prefill_batch, heads, value_dim]
  float* projected = nullptr;     // [prefill_batch, hidden_size]
  float* gate = nullptr;          // [prefill_batch, ffn_size]
  float* up = nullptr;            // [prefill_batch, ffn_size]
  float* ffn_out = nullptr;       // [prefill_batch, hidden_size]
  float* cosine = nullptr;        // [prefill_batch, pairs]
  float* sine = nullptr;          // [prefill_batch, pairs]
  float* window_cosine = nullptr;
  float* window_sine = nullptr;
  float* logits = nullptr;  // [logit rows, vocabulary]
};

/// Everything that stays the same while a prefill batch runs.
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

/// Embeds the tokens into hidden_state and fills the angle tables of their positions.
/// tokens: [count], ids already checked; `position` is that of the first.
void Embed(const ForwardContext& context, std::span<const std::int32_t> tokens,
           std::size_t position);

/// Fills the angle tables of positions [position, position + count), as the batch's layers need
/// them.
void FillAngles(const ForwardContext& context, std::size_t count, std::size_t position);

/// Runs one layer over `count` tokens in hidden_state, in place. What follows attention is computed
/// only for the tokens from `first_needed` on: before it, nobody reads the last layer's output.
/// Of `ablations`, those of this layer apply.
void RunLayer(const ForwardContext& context, std::size_t layer, std::size_t count,
              std::size_t position, std::size_t first_needed, AttentionObserver* observer,
              std::span<const HeadAblation> ablations);

/// The first half of RunLayer: normed and attended from hidden_state, which stays as it is. Keys
/// and values go to the cache.
void AttendLayer(const ForwardContext& context, std::size_t layer, std::size_t count,
                 std::size_t position, AttentionObserver* observer);

/// Only `normed` of AttendLayer.
void NormLayerInput(const ForwardContext& context, std::size_t layer, std::size_t count);

/// Puts the replacement in place of the head's rows [first, count) of `attended`.
void ReplaceHead(const ForwardContext& context, const HeadAblation& ablation, std::size_t first,
                 std::size_t count);

/// The second half of RunLayer, from `attended` (and `normed`, where SharesNorm) on.
void FinishLayer(const ForwardContext& context, std::size_t layer, std::size_t count,
                 std::size_t first_needed);

/// Whether the feed-forward network reads the normed input of attention (Phi 2).
bool SharesNorm(const LayerWeights& weights);

/// Logits of tokens [first, first + count) of hidden_state into buffers.logits; count <=
/// kLogitRows.
void ComputeLogits(const ForwardContext& context, std::size_t first, std::size_t count);

}  // namespace fovea::model

#endif  // FOVEA_MODEL_FORWARD_PASS_H_
