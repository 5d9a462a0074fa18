// One row per architecture of config.json: how its values become GGUF's keys, and how its tensors'
// names and layouts become GGUF's. What is common to rows is a table that they share.
#ifndef FOVEA_MODEL_LOAD_FOLDER_ARCHITECTURE_H_
#define FOVEA_MODEL_LOAD_FOLDER_ARCHITECTURE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model/load/folder/config_json.h"
#include "engine/model/load/folder/metadata.h"
#include "fovea/status.h"

namespace fovea::model {

/// A size that shapes are made of; Facts says how large it is.
enum class Dim : std::uint8_t {
  kOne,     ///< As number of columns: the tensor is a vector.
  kHidden,  ///< Width of the residual stream.
  kQuery,   ///< Query heads times their width.
  kKey,     ///< Key heads times their width; values have the same.
  kQkv,     ///< kQuery + 2 kKey.
  kFfn,
  kTwoFfn,
  kDecoderFfn,
  kVocabulary,
  kPositions,  ///< Learned positions, those that are skipped not counted.
  kHeadDim,
  kHeads,
  kKeyHeads,
  kTypes,    ///< Token types.
  kSmall,    ///< Width of the embeddings where they are narrower than the residual stream.
  kBuckets,  ///< Of relative positions.
  kAny,      ///< Whatever the file has.
  kCount,
};

/// What becomes of a tensor besides its name.
enum class Change : std::uint8_t {
  kNone,
  kInterleave,  ///< Rows i and i + half of each head's rotated ones become neighbours: GGUF's
                ///< llama family rotates neighbours.
  kPlusOne,     ///< Gemma's norms multiply by 1 + weight.
  kTranspose,   ///< GPT-2 stores [inputs, outputs].
  kSplitHeads,  ///< GPT-NeoX stores q, k and v of each head together; GGUF all q, all k, all v.
  kSkipRows,    ///< The first rows are positions that no token has.
  kStackHeads,  ///< A vector per head, one tensor each ("[]" in the name), becomes rows.
};

enum class Part : std::uint8_t {
  kWeight,           ///< "<name>.weight"
  kWeightAndBias,    ///< "<name>.weight" and "<name>.bias"
  kWeightMaybeBias,  ///< The bias may be missing.
  kWhole,            ///< The names are complete.
};

enum class Scope : std::uint8_t { kModel, kLayer, kDecoderLayer };

/// What a rule may depend on; bits of Facts::conditions.
enum Condition : std::uint8_t {
  kAlways = 0,
  kTied = 1U << 0U,  ///< The output matrix is the embedding.
  kUntied = 1U << 1U,
  kGated = 1U << 2U,
  kUngated = 1U << 3U,
  kClassifies = 1U << 4U,  ///< The folder has a classification head.
  kUnclassified = 1U << 5U,
};

struct TensorRule {
  std::string_view from;  ///< "{}" is the layer's number.
  std::string_view to;
  Dim rows = Dim::kHidden;
  Dim columns = Dim::kOne;
  Part part = Part::kWeight;
  Scope scope = Scope::kLayer;
  Change change = Change::kNone;
  std::uint8_t when = kAlways;
  bool optional = false;
};

/// A tensor that is computed from config.json.
struct ComputedTensor {
  std::string name;
  std::vector<float> values;
  std::size_t columns = 1;  ///< 1: a vector.
};

/// What config.json says that shapes and layouts depend on.
struct Facts {
  std::array<std::size_t, static_cast<std::size_t>(Dim::kCount)> sizes = {};
  std::size_t layers = 0;
  std::size_t decoder_layers = 0;
  std::size_t rotated = 0;  ///< Values of a head that are rotated.
  std::size_t skipped = 0;  ///< Rows of Change::kSkipRows.
  std::uint8_t conditions = 0;
  std::vector<ComputedTensor> computed;

  std::size_t& operator[](Dim dim) { return sizes[static_cast<std::size_t>(dim)]; }
  std::size_t operator[](Dim dim) const { return sizes[static_cast<std::size_t>(dim)]; }
};

/// What a row's function works on: it reads `config` and writes keys and facts.
struct Translation {
  ConfigSection config;
  ConfigSection generation;  ///< generation_config.json, or config.json where that is missing.
  std::string_view name;     ///< GGUF's name of the architecture.
  Metadata* keys;
  Facts* facts;

  /// Sets the key "<architecture>.<key>". Numbers that are not finite are refused.
  void Set(std::string_view key, Metadata::Value value) const;
};

struct Architecture {
  std::string_view model_type;  ///< Of config.json.
  /// How the classes of "architectures" begin, for a configuration without model_type.
  std::string_view classes;
  std::string_view name;  ///< GGUF's general.architecture.
  void (*translate)(const Translation&) = nullptr;
  /// What the names of `body` begin with: the first with which its first tensor exists.
  std::array<std::string_view, 2> prefixes;
  std::array<std::span<const TensorRule>, 4> body;
  std::span<const TensorRule> head;  ///< Names without prefix.
  /// Tensors that are not needed; "*" stands for any text.
  std::span<const std::string_view> ignored;
  /// tie_word_embeddings where config.json does not say.
  bool tied = false;
  /// If not empty, only folders whose first class is this one.
  std::string_view only_class = {};
  /// Other names of the first tensor of `body`, the embedding, in folders of models that share it.
  std::array<std::string_view, 2> embedding_aliases = {};
};

std::span<const Architecture> DecoderArchitectures();
std::span<const Architecture> EncoderArchitectures();
std::span<const Architecture> EncoderDecoderArchitectures();

/// The row of a configuration; kUnsupported with the list of those that are known, kMalformed if it
/// names none.
Result<const Architecture*> FindArchitecture(const ConfigSection& config,
                                             const std::string& folder);

}  // namespace fovea::model

#endif  // FOVEA_MODEL_LOAD_FOLDER_ARCHITECTURE_H_
