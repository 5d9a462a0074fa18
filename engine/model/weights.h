// The tensors of a model by their role, checked against the hyperparameters, ready for the forward
// pass: stacks of layers, each an ordered list of sublayers.
#ifndef FOVEA_MODEL_WEIGHTS_H_
#define FOVEA_MODEL_WEIGHTS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/tensor/matrix_view.h"

namespace fovea::model {

/// A small tensor (norm, bias), decoded to floats and owned; empty if the file has none.
using Vector = std::vector<float>;

/// Weight and bias of a norm. The bias may be empty; without a weight there is no norm.
struct Norm {
  Vector weight;
  Vector bias;
  explicit operator bool() const { return !weight.empty(); }
};

/// A projection; the view points into the file's bytes.
struct Linear {
  MatrixView weight;  // [rows, cols]
  Vector bias;        // [rows] or empty
  const float* bias_data() const { return bias.empty() ? nullptr : bias.data(); }
};

struct AttentionWeights {
  Linear query;                // [heads * head_dim, hidden_size]
  Linear key;                  // [kv_heads * head_dim, hidden_size]
  Linear value;                // [kv_heads * value_dim, hidden_size]
  Linear output;               // [hidden_size, heads * value_dim]
  Norm query_norm;             // [head_dim]; [heads, head_dim] if heads have weights of their own
  Norm key_norm;               // [head_dim] or [kv_heads, head_dim]
  bool norms_of_rows = false;  // Each normalizes all heads of a token together.
};

struct Network {
  Linear gate;  // [size, hidden_size]; empty: not gated
  Linear up;    // [size, hidden_size]
  Linear down;  // [hidden_size, size]
};

/// Either `dense`, or a router with its experts and perhaps one that all tokens run through.
struct FeedForwardWeights {
  Network dense;                 // size: ffn_size
  Linear router;                 // [experts, hidden_size]
  std::vector<Network> experts;  // size: expert_ffn_size
  Network shared;                // size: shared_ffn_size
};

enum class SublayerKind : std::uint8_t { kSelfAttention, kCrossAttention, kFeedForward };

/// f in x += f(x), with its norms: x = norm_residual(x + norm_after(f(norm_before(x)))). With
/// norm_again what norm_residual gives is added to x once more: x = norm_again(x +
/// norm_residual(…)).
struct Sublayer {
  SublayerKind kind = SublayerKind::kSelfAttention;
  /// Reads what the sublayer before it read, instead of norm_before(x) (Phi 2).
  bool shares_input = false;
  /// The output is added to x together with that of the next sublayer, which reads x without it
  /// (Wang & Komatsuzaki 2021).
  bool parallel_with_next = false;
  Norm norm_before;    // [hidden_size], Xiong et al. 2020
  Norm norm_after;     // [hidden_size], Gemma 2
  Norm norm_residual;  // [hidden_size], Vaswani et al. 2017
  Norm norm_again;     // [hidden_size], Jina's model of code
  AttentionWeights attention;
  FeedForwardWeights feed_forward;

  /// Every projection; those that it does not have are empty.
  std::vector<const Linear*> Linears() const { return LinearsOf<const Linear>(*this); }
  std::vector<Linear*> Linears() { return LinearsOf<Linear>(*this); }
  /// Every norm; those that it does not have are empty.
  std::array<const Norm*, 6> Norms() const {
    return {&norm_before, &norm_after,           &norm_residual,
            &norm_again,  &attention.query_norm, &attention.key_norm};
  }

 private:
  template <typename L, typename Self>
  static std::vector<L*> LinearsOf(Self& self) {
    std::vector<L*> linears = {&self.attention.query, &self.attention.key, &self.attention.value,
                               &self.attention.output, &self.feed_forward.router};
    const auto add = [&linears](auto& network) {
      for (L* linear : {&network.gate, &network.up, &network.down}) linears.push_back(linear);
    };
    add(self.feed_forward.dense);
    add(self.feed_forward.shared);
    for (auto& expert : self.feed_forward.experts) add(expert);
    return linears;
  }
};

struct LayerWeights {
  std::vector<Sublayer> sublayers;  // In the order in which they run; the first is self-attention.

  std::size_t heap_bytes() const;
};

struct Stack {
  MatrixView position_embedding;     // [context, hidden_size], learned positions only
  Norm embedding_norm;               // [embedding_size]; empty: none
  std::vector<LayerWeights> layers;  // [layers]
  Norm output_norm;                  // [hidden_size]; empty: none
  Vector distance_buckets;           // [buckets, heads] (T5), else empty
};

/// Logits of a masked token from its hidden state (Devlin et al. 2019).
struct MaskedTokenHead {
  Linear dense;   // [embedding_size, hidden_size]
  Norm norm;      // [embedding_size]
  Linear output;  // [vocabulary, embedding_size]; the token embedding if tied
  explicit operator bool() const { return static_cast<bool>(output.weight); }
};

struct Weights {
  MatrixView token_embedding;    // [vocabulary, embedding_size]
  MatrixView token_types;        // [types, embedding_size], encoders that have them
  Linear embedding_projection;   // [hidden_size, embedding_size] (ALBERT); else empty
  Linear output;                 // [vocabulary, hidden_size]; the token embedding if tied
  MaskedTokenHead masked_token;  // Encoders that have one
  Vector rope_factors;           // [dims / 2] or empty: Llama 3
  Vector rope_factors_long;      // [dims / 2] or empty: Phi 3 beyond its original context
  Vector rope_factors_short;     // [dims / 2] or empty
  Stack encoder;                 // Without layers in a plain decoder
  Stack decoder;                 // Without layers in a plain encoder

  /// The decoder, or the encoder of a model without one.
  const Stack& main_stack() const { return decoder.layers.empty() ? encoder : decoder; }
  /// Every matrix that is multiplied with; those that the model does not have are empty.
  std::vector<Linear*> Linears();
  /// Bytes of the decoded tensors and of the lists of layers; matrices stay in the file's bytes.
  std::size_t heap_bytes() const;
};

}  // namespace fovea::model

#endif  // FOVEA_MODEL_WEIGHTS_H_
