// What a dump knows besides the numbers of the maps, and maps small enough to keep. The writers of
// arrays, pictures and pages work from these alone.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_DATA_DUMP_DATA_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_DATA_DUMP_DATA_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <fovea/fovea.hpp>

namespace fovea::dump {

/// Per token, in order; all vectors have the same length.
struct DumpTokens {
  std::vector<std::int32_t> ids;
  std::vector<std::string>
      pieces;  ///< For people: Tokenizer::DisplayPiece; "#17" without a vocabulary.
  std::vector<std::size_t> text_begin,
      text_end;                    ///< Byte offsets into the text (prompt + generated).
  std::vector<std::int32_t> word;  ///< Word id, -1 for special tokens.
  std::vector<bool> special, generated;
  std::size_t size() const { return ids.size(); }
};

/// One way in which a file holds less than the maps.
struct LossyPart {
  enum class Kind : std::uint8_t { kTopK, kPool };

  Kind kind = Kind::kTopK;
  std::size_t size = 0;         ///< k, or tokens per block and side
  double worst_residual = 0.0;  ///< kTopK: largest and mean weight of a row that was not kept
  double mean_residual = 0.0;
};

/// What a cell of a map is.
enum class Quantity : std::uint8_t { kWeight, kValueWeighted, kRollout, kFlow };

/// As files say it: "weight", "value-weighted", "rollout" or "flow".
const char* QuantityName(Quantity quantity);

/// Everything the sidecar and the trust stamp say.
struct DumpInfo {
  ModelInfo model;
  std::string model_hash;  ///< ModelInfo::content_hash
  std::string text;        ///< Prompt and generated text; empty for --tokens.
  DumpTokens tokens;
  std::string source_text;           ///< Of an encoder–decoder: what its encoder read.
  DumpTokens source_tokens;          ///< Likewise; `tokens` are then the decoder's.
  std::vector<std::size_t> layers;   ///< Original numbers of the layers in the dump.
  std::vector<std::size_t> heads;    ///< Original numbers of the query heads in the dump.
  std::vector<std::size_t> kv_head;  ///< KV head of each entry of `heads`.
  Quantity quantity = Quantity::kWeight;
  std::string ablated;        ///< "L3H5, L4H1": heads whose output was taken away; empty: none.
  std::string ablation_json;  ///< What was taken away and its cost, an object; empty: nothing.
  /// "causal", of encoders "bidirectional"; with ", sliding window" or ", symmetric window" if a
  /// dumped layer has one.
  std::string mask;
  std::vector<std::size_t> windows;  ///< Per dumped layer, 0: none.
  std::string kv_type;               ///< "F32", "F16", "BF16", or "Q8_0" for 8-bit integers
  std::string arithmetic;            ///< "exact", or "fast" with quantized activations
  std::string isa;                   ///< "avx512", …
  std::size_t threads = 1;
  bool half = true;  ///< Stored weights are rounded to float16.
  /// Largest |Σ row - 1| seen, before rounding to float16; NaN if no row was looked at.
  double row_sum_error = 0.0;
  double learned_sink_share =
      0.0;  ///< Share of weight on learned sinks (0: these families have none).
  std::vector<LossyPart> lossy;  ///< Arrays in the file that do not hold the whole maps.
  std::string version;           ///< Of fovea.
};

/// Maps in memory, for pictures, the page, the terminal, .json and .csv. Long texts are pooled to
/// blocks of tokens: a cell then stands for block × block weights.
struct MapSet {
  std::size_t tokens = 0;
  std::size_t block = 1;                   ///< Tokens per cell and side.
  std::vector<std::size_t> layers, heads;  ///< Original numbers.
  std::vector<std::size_t> windows;        ///< Per entry of `layers`, 0: none.
  bool by_layer = false;                   ///< One map per layer, in the place of head 0.
  bool causal = true;                      ///< False: keys on both sides are visible.
  std::vector<float> weights;              ///< [layers, heads, side, side]; masked cells 0.

  /// Cells per row and column.
  std::size_t side() const { return (tokens + block - 1) / block; }
  /// One head's map by index into `layers` and `heads`: row-major [side, side].
  const float* Map(std::size_t layer_index, std::size_t head_index) const {
    return weights.data() + (layer_index * heads.size() + head_index) * side() * side();
  }
  /// Distance of the nearest pair of tokens in the cell.
  std::size_t Gap(std::size_t query, std::size_t key) const {
    const std::size_t cells = query > key ? query - key : key - query;
    return cells == 0 ? 0 : cells * block - (block - 1);
  }
  /// False for a cell that the mask hides (all of its block): drawn as masked, never as zero.
  bool Visible(std::size_t layer_index, std::size_t query, std::size_t key) const {
    const std::size_t window = windows.empty() ? 0 : windows[layer_index];
    if (!causal) return window == 0 || Gap(query, key) <= window / 2;
    if (key > query) return false;
    // The nearest pair of the block: its first query and its last key.
    return window == 0 || key == query || query * block - ((key + 1) * block - 1) < window;
  }
};

/// Drops the rows and columns beyond `tokens` (a generation that stopped early).
void TrimMaps(std::size_t tokens, MapSet* maps);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_DATA_DUMP_DATA_H_
