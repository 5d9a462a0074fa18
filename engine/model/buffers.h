// The buffers of activations that the forward pass works in.
#ifndef FOVEA_MODEL_BUFFERS_H_
#define FOVEA_MODEL_BUFFERS_H_

namespace fovea::model {

/// The session's buffers for one prefill batch; those marked hold the whole text of an encoder, if
/// that is longer.
struct Buffers {
  float* hidden_state = nullptr;    // [prefill_batch or text, hidden_size]
  float* normed = nullptr;          // [prefill_batch, hidden_size]
  float* query = nullptr;           // [prefill_batch, heads, head_dim]
  float* key = nullptr;             // [prefill_batch, kv_heads, head_dim]
  float* value = nullptr;           // [prefill_batch, kv_heads, value_dim]
  float* attended = nullptr;        // [prefill_batch, heads, value_dim]
  float* projected = nullptr;       // [prefill_batch, hidden_size]
  float* gate = nullptr;            // [prefill_batch, ffn_size]
  float* up = nullptr;              // [prefill_batch, ffn_size]
  float* ffn_out = nullptr;         // [prefill_batch, hidden_size]
  float* cosine = nullptr;          // [prefill_batch or text, pairs]
  float* sine = nullptr;            // [prefill_batch or text, pairs]
  float* window_cosine = nullptr;   // [prefill_batch or text, pairs], of layers with a window
  float* window_sine = nullptr;     // [prefill_batch or text, pairs]
  float* expert_weights = nullptr;  // [prefill_batch, experts]
  float* expert_input = nullptr;    // [prefill_batch, hidden_size], mixtures of experts only
  float* expert_output = nullptr;   // [prefill_batch, hidden_size], mixtures of experts only
  float* logits = nullptr;          // [logit rows, vocabulary]
};

}  // namespace fovea::model

#endif  // FOVEA_MODEL_BUFFERS_H_
