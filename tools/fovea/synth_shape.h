// Sizes of models whose weights are made up, and the names of the usual ones.
#ifndef FOVEA_TOOLS_FOVEA_SYNTH_SHAPE_H_
#define FOVEA_TOOLS_FOVEA_SYNTH_SHAPE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <fovea/status.h>

namespace fovea::tools {

enum class SynthFamily {
  kLlama,  ///< A decoder: RMSNorm, RoPE, a gated feed-forward, no biases.
  kBert,   ///< An encoder: LayerNorm after each residual, learned positions, biases everywhere.
};

struct SynthShape {
  std::size_t hidden_size = 0;
  std::size_t ffn_size = 0;
  std::size_t layers = 0;
  std::size_t heads = 0;
  std::size_t kv_heads = 0;
  std::size_t vocabulary = 0;
  bool tied = false;  ///< The output matrix is the embedding.
  std::size_t context = 8192;
  SynthFamily family = SynthFamily::kLlama;

  std::size_t head_dim() const { return hidden_size / heads; }
};

/// "15m", "110m", "smollm-135m", "0.5b", "1.1b", and of the bert family "minilm" and "bert-base";
/// nothing for other names.
std::optional<SynthShape> NamedShape(std::string_view name);

/// The names, separated by ", ".
std::string ShapeNames();

/// Sizes that fit together and that a file may have; the error names the option that does not.
Status CheckShape(const SynthShape& shape);

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_FOVEA_SYNTH_SHAPE_H_
