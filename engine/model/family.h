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
enum class Activation : std::uint8_t { kSilu, kGelu };
enum class Gate : std::uint8_t {
  kNone,      ///< down(act(up(x)))
  kSeparate,  ///< down(act(gate(x)) * up(x)), tensors ffn_gate and ffn_up
  kFused,     ///< The same, gate and up as the two halves of ffn_up's rows.
};
enum class Residual : std::uint8_t {
  kSequential,  ///< x += attention(norm(x)); x += ffn(norm(x))
  kParallel,    ///< x += attention(norm(x)) + ffn(norm(x))
  kFromFile,    ///< Key <family>.use_parallel_residual decides.
};
enum class Windows : std::uint8_t {
  kNever,      ///< Full attention in every layer.
  kDefaulted,  ///< Sliding windows, of default_window if the file does not say.
  kIfStated,   ///< Sliding windows only if the file states one.
};

struct Family {
  std::string_view name;  ///< GGUF's general.architecture.
  NormKind norm = NormKind::kRms;
  PositionKind positions = PositionKind::kRopeHalves;
  Activation activation = Activation::kSilu;
  Gate gate = Gate::kSeparate;
  Residual residual = Residual::kSequential;
  bool ffn_norm_optional = false;  ///< Without one the layer is parallel: one norm for both.
  bool head_norms = false;         ///< attn_q_norm and attn_k_norm are required.
  bool post_norms = false;         ///< Norms after attention and after the feed-forward network.
  bool scale_embedding = false;    ///< Embeddings are multiplied by sqrt(hidden_size).
  bool output_required = false;    ///< output.weight must be in the file; else it may be tied.
  float attention_softcap = 0.0F;  ///< Default of <family>.attn_logit_softcapping; 0: no such cap.
  float logit_softcap = 0.0F;      ///< Default of <family>.final_logit_softcapping.
  bool reads_attention_softcap = false;
  bool reads_logit_softcap = false;
  Windows windows = Windows::kNever;
  std::size_t default_window = 0;
  std::size_t window_period = 0;  ///< Every window_period-th layer has full attention.
  float window_rope_base = 0.0F;  ///< RoPE base of layers with a window; 0: that of the others.
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
