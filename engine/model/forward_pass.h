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

#include "engine/model/forward_context.h"

namespace fovea::model {

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
