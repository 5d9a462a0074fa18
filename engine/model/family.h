// Architectures as data: one row per model family says how its layers are built, and one forward
// pass (forward_pass.h) reads the row. A new Llama-like family is a new row in family.cc.
#ifndef FOVEA_MODEL_FAMILY_H_
#define FOVEA_MODEL_FAMILY_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "fovea/model.h"

namespace fovea::model {

enum class NormKind : std::uint8_t { kRms, kLayer };
enum class Activation : std::uint8_t {
  kSilu,
  kGelu,     ///< The tanh form.
  kGeluErf,  ///< The exact one.
  kRelu,
};
enum class Gate : std::uint8_t {
  kNone,      ///< down(act(up(x)))
  kSeparate,  ///< down(act(gate(x)) * up(x)), tensors ffn_gate and ffn_up
  kFused,     ///< The same, gate and up as the two halves of ffn_up's rows.
  kEither,    ///< kSeparate if the file has ffn_gate, else kFused.
  kIfStated,  ///< kSeparate if the file has gates, else kNone with the activation of T5 1.0, ReLU.
};
enum class Residual : std::uint8_t {
  kSequential,  ///< x += attention(norm(x)); x += ffn(norm(x))
  kParallel,    ///< x += attention(norm(x)) + ffn(norm(x))
  kFromFile,    ///< Key <family>.use_parallel_residual decides.
};
enum class NormPlace : std::uint8_t {
  kBefore,         ///< x += f(norm(x))
  kAfterResidual,  ///< x = norm(x + f(x))
};
enum class HeadNorms : std::uint8_t {
  kOptional,  ///< attn_q_norm and attn_k_norm if the file has them.
  kRequired,
  kOptionalOfRows,  ///< The same; each normalizes all heads of a token together.
  kRequiredOfRows,
};
enum class Windows : std::uint8_t {
  kNever,      ///< Full attention in every layer.
  kDefaulted,  ///< Sliding windows, of default_window if the file does not say.
  kIfStated,   ///< Sliding windows only if the file states one.
};

struct Family {
  std::string_view name;  ///< GGUF's general.architecture.
  ModelKind kind = ModelKind::kDecoder;
  NormKind norm = NormKind::kRms;
  PositionKind positions = PositionKind::kRopeHalves;
  Activation activation = Activation::kSilu;
  Gate gate = Gate::kSeparate;
  Residual residual = Residual::kSequential;
  bool ffn_norm_optional = false;  ///< Without one the layer is parallel: one norm for both.
  NormPlace norm_place = NormPlace::kBefore;
  HeadNorms head_norms = HeadNorms::kOptional;
  bool attention_norm_optional = false;  ///< Layers without one read x itself (ModernBERT's first).
  bool output_norm = true;               ///< A norm after the last layer.
  bool embedding_norm = false;           ///< token_embd_norm is required.
  bool token_types = false;  ///< token_types, if the file has them, are added to embeddings.
  bool embedding_projection = false;      ///< Embeddings are narrower than hidden states (ALBERT).
  bool shared_layers = false;             ///< All layers have the weights of the first (ALBERT).
  bool masked_token_head = false;         ///< Logits come from mlm_dense, mlm_norm and mlm_output.
  bool named_stacks = false;              ///< Tensors begin with enc. and dec., as T5's do.
  bool experts = false;                   ///< Feed-forward networks are mixtures of experts.
  bool normalize_expert_weights = false;  ///< Default of <family>.expert_weights_norm.
  bool reads_scales = false;              ///< Keys residual_scale and logit_scale (a divisor).
  bool unscaled_scores = false;           ///< Scores are plain q · k (T5).
  bool scale_tied_output = false;  ///< Logits of a tied output are divided by sqrt(hidden_size).
  bool post_norms = false;         ///< Norms after attention and after the feed-forward network.
  bool scale_embedding = false;    ///< Embeddings are multiplied by sqrt(hidden_size).
  bool output_required = false;    ///< output.weight must be in the file; else it may be tied.
  float attention_softcap = 0.0F;  ///< Default of <family>.attn_logit_softcapping; 0: no such cap.
  float logit_softcap = 0.0F;      ///< Default of <family>.final_logit_softcapping.
  bool reads_attention_softcap = false;
  bool reads_logit_softcap = false;
  Windows windows = Windows::kNever;
  std::size_t default_window = 0;
  bool first_layer_is_full = false;  ///< The full one of window_period layers is the first.
  std::size_t window_period = 0;     ///< Every window_period-th layer has full attention.
  float window_rope_base = 0.0F;     ///< RoPE base of layers with a window; 0: that of the others.
  /// A model with this many layers scales scores by 1/sqrt(hidden_size / heads) instead of
  /// 1/sqrt(head_dim).
  std::size_t layers_scaled_by_hidden_size = 0;
};

/// All rows of this build, in the order that SupportedFamilies reports.
std::span<const Family> Families();

/// Null for a family that is not supported.
const Family* FindFamily(std::string_view name);

/// Whether this build leaves the family out (CMake option FOVEA_FAMILIES).
bool IsLeftOut(std::string_view name);

}  // namespace fovea::model

#endif  // FOVEA_MODEL_FAMILY_H_
