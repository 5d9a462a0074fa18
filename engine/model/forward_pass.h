// The forward pass of a stack of transformer layers, sublayer by sublayer, as the model's weights
// list them. It owns nothing: weights belong to the model, memory to the session.
//
// A decoder runs batch after batch, each through all layers. An encoder runs layer after layer,
// each over the whole text, because every token attends to all of them.
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

/// All that the forward pass of one stack works with; the same for every batch of a session, but
/// for what a session sets before it runs one.
struct ForwardContext {
  const Hyperparameters* hp = nullptr;
  const Weights* weights = nullptr;
  const StackInfo* info = nullptr;
  const Stack* stack = nullptr;
  AttentionStream stream = AttentionStream::kSelf;  ///< Of the stack's self-attention.
  const kernels::KernelTable* kernels = nullptr;
  platform::Parallel* parallel = nullptr;
  matmul::Context matmul;
  attention::Context attention;
  attention::KvCache* cache = nullptr;  ///< An encoder's has one layer, which all layers use.
  AttentionBias bias;                   ///< Of self-attention, by distance.
  Buffers buffers;
  std::size_t batch = 0;  ///< Tokens that buffers hold, hidden_state and angles aside.
  const RopeTable* rope = nullptr;
  const RopeTable* window_rope = nullptr;
  const RopeTable* sinusoids = nullptr;  ///< Of PositionKind::kSinusoidal.

  // A decoder that attends to an encoder's output:
  attention::KvCache* cross_cache = nullptr;  ///< A layer for each of the decoder's.
  std::size_t cross_keys = 0;                 ///< Tokens of the encoder's text.
  bool cross_keys_are_new = false;            ///< No observer has had them yet.
};

/// One layer over the tokens [position, position + count), which are in hidden_state.
struct LayerRun {
  std::size_t layer = 0;
  std::size_t position = 0;
  std::size_t count = 0;
  /// What follows self-attention is computed only for the tokens from here on, counted within the
  /// batch; nobody reads the last layer's output of earlier ones.
  std::size_t first_needed = 0;
  AttentionObserver* observer = nullptr;
  std::span<const HeadAblation> ablations = {};  ///< Those of this layer and stream apply.
};

/// Embeds the tokens into hidden_state and computes the rotary angles of their positions.
/// tokens: [count], ids already checked; `position` is that of the first. token_types: [count] or
/// empty, already checked.
void Embed(const ForwardContext& context, std::span<const std::int32_t> tokens,
           std::span<const std::int32_t> token_types, std::size_t position);

/// The same for a whole text of an encoder, batch by batch. tokens: [count]
void EmbedText(const ForwardContext& context, std::span<const std::int32_t> tokens,
               std::span<const std::int32_t> token_types);

/// Computes the cosines and sines of positions [position, position + count), which all layers of
/// the batch share.
void ComputeRotaryAngles(const ForwardContext& context, std::size_t count, std::size_t position);

/// Runs one layer of a decoder over a batch, in place.
void RunLayer(const ForwardContext& context, const LayerRun& run);

/// Runs one layer of an encoder over a whole text of run.count tokens, batch by batch, in place;
/// run.position and run.first_needed are 0.
void RunEncoderLayer(const ForwardContext& context, const LayerRun& run);

/// The first half of RunLayer: computes `normed` and `attended` of self-attention from
/// hidden_state, which stays as it is. Keys and values are stored in the cache.
void AttendLayer(const ForwardContext& context, const LayerRun& run);

/// Computes only `normed`, as AttendLayer does.
void NormLayerInput(const ForwardContext& context, std::size_t layer, std::size_t count);

/// Overwrites the head's output for the tokens [first, count), in `attended`, with the replacement.
void ReplaceHead(const ForwardContext& context, const HeadAblation& ablation, std::size_t first,
                 std::size_t count);

/// The second half of RunLayer: what follows self-attention's `attended` (and `normed`, where
/// SharesNorm).
void FinishLayer(const ForwardContext& context, const LayerRun& run);

/// Whether the feed-forward network reads the same normalized input as attention (Phi 2).
bool SharesNorm(const LayerWeights& weights);

/// Keys and values of cross-attention in all layers of the decoder, from the encoder's output.
/// encoded: [count, hidden_size]
void StoreCrossKeys(const ForwardContext& decoder, const float* encoded, std::size_t count);

/// The norm after the last layer, if there is one, in place: [count, hidden_size].
void NormOutput(const ForwardContext& context, std::size_t count);

/// Logits of tokens [first, first + count) of hidden_state into buffers.logits; count <=
/// kLogitRows. Of a decoder: from the output of its last layer. Of an encoder: those of masked
/// tokens, from its normalized output.
void ComputeLogits(const ForwardContext& context, std::size_t first, std::size_t count);

}  // namespace fovea::model

#endif  // FOVEA_MODEL_FORWARD_PASS_H_
