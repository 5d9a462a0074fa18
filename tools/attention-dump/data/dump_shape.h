// How large a dump will be and which arrays it holds: known before the model runs.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_DATA_DUMP_SHAPE_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_DATA_DUMP_SHAPE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "tools/attention-dump/data/array_spec.h"
#include "tools/attention-dump/data/dump_data.h"

namespace fovea::dump {

struct DumpShape {
  std::size_t tokens = 0;           ///< Prompt and all tokens that may be generated.
  std::size_t generated = 0;        ///< How many of them may be generated.
  bool generates = false;           ///< `greedy_tokens` is part of the file.
  std::vector<std::size_t> layers;  ///< Selected, ascending, original numbers.
  std::vector<std::size_t> heads;
  std::size_t model_heads = 0;
  std::size_t kv_heads = 0;
  std::size_t head_dim = 0;
  std::size_t vocabulary = 0;
  bool causal = true;  ///< False: tokens attend to both sides (encoders).
  bool half = true;    ///< Weights and scores as float16.
  bool scores = false;
  bool logits = false;
  bool embeddings = false;  ///< The output of the last layer, after its norm.
  bool hidden = false;      ///< Hidden states before the first layer and after each.
  std::size_t model_layers = 0;
  std::size_t hidden_size = 0;
  bool trace = false;
  bool maps = true;       ///< Whole maps; false if the arrays below, or none, take their place.
  std::size_t top_k = 0;  ///< > 0: this many of the largest weights of every row.
  /// Of an encoder–decoder: tokens of the encoder's text; the file then holds the maps of three
  /// streams, and `tokens` are those of the target.
  std::size_t source_tokens = 0;
  std::size_t encoder_layers = 0;  ///< Of an encoder–decoder; all are written.
  std::size_t encoder_heads = 0;
  std::size_t pool = 0;  ///< > 0: maps pooled to blocks of this many tokens per side.

  std::size_t KvHead(std::size_t head) const { return head / (model_heads / kv_heads); }
  ElementType weight_type() const { return half ? ElementType::kF16 : ElementType::kF32; }
};

/// Maps of these layers and heads (original numbers, ascending) over `tokens` tokens, nothing
/// generated and nothing besides.
DumpShape MapShape(const ModelInfo& model, std::size_t tokens, std::vector<std::size_t> layers,
                   std::vector<std::size_t> heads);

/// Names of the trace arrays of one layer.
std::string QueryName(std::size_t layer);
std::string KeyName(std::size_t layer);
std::string LogSumExpName(std::size_t layer);

/// attention [layer, head, query, key].
ArraySpec AttentionSpec(const DumpShape& shape);

/// All arrays of an .npz or .safetensors.
std::vector<ArraySpec> AllSpecs(const DumpShape& shape);

/// The shape of an array of this dump when `tokens` tokens were run in the end, of which
/// `generated` were generated.
Shape FinalShape(const ArraySpec& planned, const DumpShape& shape, std::size_t tokens,
                 std::size_t generated);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_DATA_DUMP_SHAPE_H_
