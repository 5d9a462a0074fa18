// The tensors of a model by their role, checked against the hyperparameters, ready for the forward
// pass.
#ifndef FOVEA_MODEL_WEIGHTS_H_
#define FOVEA_MODEL_WEIGHTS_H_

#include <array>
#include <cstddef>
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

struct LayerWeights {
  Norm attention_norm;       // [hidden_size]
  Linear query;              // [heads * head_dim, hidden_size]
  Linear key;                // [kv_heads * head_dim, hidden_size]
  Linear value;              // [kv_heads * value_dim, hidden_size]
  Linear attention_output;   // [hidden_size, heads * value_dim]
  Norm query_norm;           // [head_dim], or [heads, head_dim] with weights of each head's own
  Norm key_norm;             // [head_dim], or [kv_heads, head_dim]
  Norm post_attention_norm;  // [hidden_size]
  Norm ffn_norm;             // [hidden_size]
  Linear gate;               // [ffn_size, hidden_size]
  Linear up;                 // [ffn_size, hidden_size]
  Linear down;               // [hidden_size, ffn_size]
  Norm post_ffn_norm;        // [hidden_size]

  /// Every projection of the layer; those that the family does not have are empty.
  std::array<const Linear*, 7> Linears() const { return LinearsOf<const Linear*>(*this); }
  std::array<Linear*, 7> Linears() { return LinearsOf<Linear*>(*this); }
  /// Every norm of the layer; those that the family does not have are empty.
  std::array<const Norm*, 6> Norms() const {
    return {&attention_norm,      &query_norm, &key_norm,
            &post_attention_norm, &ffn_norm,   &post_ffn_norm};
  }

 private:
  template <typename Pointer, typename Layer>
  static std::array<Pointer, 7> LinearsOf(Layer& layer) {
    return {&layer.query, &layer.key, &layer.value, &layer.attention_output,
            &layer.gate,  &layer.up,  &layer.down};
  }
};

struct Weights {
  MatrixView token_embedding;     // [vocabulary, hidden_size]
  MatrixView position_embedding;  // [context, hidden_size], learned positions only
  Norm output_norm;               // [hidden_size]
  Linear output;                  // [vocabulary, hidden_size]; the token embedding if tied
  Vector rope_factors;            // [dims / 2] or empty: Llama 3
  Vector rope_factors_long;       // [dims / 2] or empty: Phi 3 beyond its original context
  Vector rope_factors_short;      // [dims / 2] or empty
  std::vector<LayerWeights> layers;

  /// Bytes of the decoded tensors and of the list of layers; matrices stay in the file's bytes.
  std::size_t heap_bytes() const;
};

}  // namespace fovea::model

#endif  // FOVEA_MODEL_WEIGHTS_H_
