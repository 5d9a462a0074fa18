#include "engine/model/load/read_hyperparameters.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fovea/status_macros.h"

namespace fovea::model {
namespace {

// Limits on what a file may claim, far above any model this engine is for. They keep every product
// of three of these numbers below 2^63.
constexpr std::size_t kMaxLayers = 1024;
constexpr std::size_t kMaxHiddenSize = 1U << 20;
constexpr std::size_t kMaxHeads = 1U << 14;
constexpr std::size_t kMaxHeadDim = 1U << 14;
constexpr std::size_t kMaxContext = 1U << 28;
constexpr std::size_t kMaxVocabulary = 1U << 30;

/// Reads keys under "<family>." and remembers the first error, so that one check after several
/// reads is enough.
class KeyReader {
 public:
  KeyReader(const format::ModelSource& file, std::string_view family)
      : file_(file), prefix_(std::string(family) + ".") {}

  std::size_t Uint(const char* key, std::size_t min, std::size_t max) {
    return static_cast<std::size_t>(  // It is at most `max`.
        Keep(file_.GetUint(prefix_ + key, min, max), std::uint64_t{min}));
  }
  std::optional<std::size_t> FindUint(const char* key, std::size_t min, std::size_t max) {
    const auto value =
        Keep(file_.FindUint(prefix_ + key, min, max), std::optional<std::uint64_t>());
    return value ? std::optional(static_cast<std::size_t>(*value)) : std::nullopt;
  }
  std::optional<float> FindFloat(const char* key) {
    return Keep(file_.FindFloat(prefix_ + key), std::optional<float>());
  }
  std::optional<bool> FindBool(const char* key) {
    return Keep(file_.FindBool(prefix_ + key), std::optional<bool>());
  }
  std::string_view FindString(const char* key, std::string_view fallback) {
    return Keep(file_.FindString(prefix_ + key), std::optional<std::string_view>())
        .value_or(fallback);
  }

  /// A number, or an array with one number per layer that must all be equal.
  std::optional<std::size_t> FindPerLayer(const char* key, std::size_t layers, std::size_t min,
                                          std::size_t max) {
    const std::string full = prefix_ + key;
    if (!file_.IsArray(full)) return FindUint(key, min, max);
    const auto values = Keep(
        file_.FindIntArray(full, static_cast<std::int64_t>(min), static_cast<std::int64_t>(max)),
        std::vector<std::int64_t>());
    if (!status_.ok()) return std::nullopt;
    if (values.size() < layers || layers == 0) {
      Fail(StatusCode::kMalformed, full,
           "has " + std::to_string(values.size()) + " values for " + std::to_string(layers) +
               " layers");
      return std::nullopt;
    }
    for (std::size_t layer = 1; layer < layers; ++layer) {
      if (values[layer] != values[0]) {
        Fail(StatusCode::kUnsupported, full, "differs between layers, which is not supported");
        return std::nullopt;
      }
    }
    return static_cast<std::size_t>(values[0]);
  }

  float Positive(const char* key, float fallback) {
    const std::optional<float> value = FindFloat(key);
    if (value && !(*value > 0.0F)) Fail(StatusCode::kMalformed, prefix_ + key, "must be positive");
    return value.value_or(fallback);
  }

  void Fail(StatusCode code, const std::string& key, const std::string& reason) {
    if (status_.ok()) status_ = file_.Error(code, "key '" + key + "' " + reason);
  }
  bool Has(const char* key) const { return file_.HasKey(prefix_ + key); }
  std::string Name(const char* key) const { return prefix_ + key; }
  const format::ModelSource& file() const { return file_; }
  const Status& status() const { return status_; }

 private:
  template <typename T>
  T Keep(Result<T> result, T fallback) {
    if (result.ok()) return std::move(*result);
    if (status_.ok()) status_ = result.status();
    return fallback;
  }

  const format::ModelSource& file_;
  std::string prefix_;
  Status status_;
};

Status CheckFamily(const format::ModelSource& file, const Family** family) {
  const auto name = file.GetString("general.architecture");
  FOVEA_RETURN_IF_ERROR(name);
  *family = FindFamily(*name);
  if (*family != nullptr) return Status::Ok();
  std::string known;
  for (const Family& row : Families()) {
    known += known.empty() ? "" : ", ";
    known += row.name;
  }
  const std::string family_text = "model family " + file.Describe("general.architecture");
  return file.Error(
      StatusCode::kUnsupported,
      IsLeftOut(*name)
          ? family_text + " is left out of this build of Fovea (FOVEA_FAMILIES=" + known + ")"
          : family_text + " is not supported; supported are " + known);
}

void ReadShape(KeyReader& keys, ModelInfo& info) {
  // Of an encoder–decoder it is the encoder's; a decoder of another depth is stated apart.
  info.layers = keys.Uint("block_count", 1, kMaxLayers);
  info.hidden_size = keys.Uint("embedding_length", 1, kMaxHiddenSize);
  info.context = keys.Uint("context_length", 1, kMaxContext);
  info.ffn_size =
      keys.FindPerLayer("feed_forward_length", info.layers, 1, kMaxHiddenSize).value_or(0);
  info.heads = keys.FindPerLayer("attention.head_count", info.layers, 1, kMaxHeads).value_or(0);
  if (!keys.status().ok()) return;
  if (info.ffn_size == 0) {
    return keys.Fail(StatusCode::kNotFound, keys.Name("feed_forward_length"), "is missing");
  }
  if (info.heads == 0) {
    return keys.Fail(StatusCode::kNotFound, keys.Name("attention.head_count"), "is missing");
  }
  info.kv_heads =
      keys.FindPerLayer("attention.head_count_kv", info.layers, 1, kMaxHeads).value_or(info.heads);
  if (!keys.status().ok()) return;
  if (info.heads % info.kv_heads != 0) {
    return keys.Fail(StatusCode::kMalformed, keys.Name("attention.head_count_kv"),
                     "is " + std::to_string(info.kv_heads) + ", which does not divide " +
                         std::to_string(info.heads) + " heads");
  }
  const auto key_length = keys.FindUint("attention.key_length", 1, kMaxHeadDim);
  if (!key_length && info.hidden_size % info.heads != 0) {
    return keys.Fail(StatusCode::kMalformed, keys.Name("attention.head_count"),
                     "is " + std::to_string(info.heads) +
                         ", which does not divide the embedding length " +
                         std::to_string(info.hidden_size));
  }
  info.head_dim = key_length.value_or(info.hidden_size / info.heads);
  info.value_dim = keys.FindUint("attention.value_length", 1, kMaxHeadDim).value_or(info.head_dim);
  if (info.head_dim > kMaxHeadDim) {
    return keys.Fail(StatusCode::kLimitExceeded, keys.Name("embedding_length"),
                     "gives heads wider than " + std::to_string(kMaxHeadDim));
  }
}

RopeScaling ReadScalingType(KeyReader& keys) {
  const std::string_view name = keys.FindString("rope.scaling.type", "");
  if (name.empty()) {
    // Files without a type but with a factor mean linear scaling.
    return keys.FindFloat("rope.scaling.factor") || keys.FindFloat("rope.scale_linear")
               ? RopeScaling::kLinear
               : RopeScaling::kNone;
  }
  if (name == "none") return RopeScaling::kNone;
  if (name == "linear") return RopeScaling::kLinear;
  if (name == "yarn") return RopeScaling::kYarn;
  if (name == "longrope") return RopeScaling::kLongRope;
  keys.Fail(StatusCode::kUnsupported, keys.Name("rope.scaling.type"),
            "is " + keys.file().Describe(keys.Name("rope.scaling.type")) +
                "; supported are none, linear, yarn, longrope");
  return RopeScaling::kNone;
}

bool IsRotary(PositionKind kind) {
  return kind == PositionKind::kRopeInterleaved || kind == PositionKind::kRopeHalves;
}

void ReadRope(KeyReader& keys, Hyperparameters& hp) {
  ModelInfo& info = hp.info;
  if (!IsRotary(hp.family->positions)) return;
  RopeParameters& rope = hp.rope;
  rope.dims = keys.FindUint("rope.dimension_count", 0, kMaxHeadDim).value_or(info.head_dim);
  rope.base = keys.Positive("rope.freq_base", 10000.0F);
  rope.scaling = ReadScalingType(keys);
  // A factor of 0 means "not set" in files that are around.
  float factor = keys.FindFloat("rope.scaling.factor").value_or(0.0F);
  if (factor == 0.0F) factor = keys.FindFloat("rope.scale_linear").value_or(0.0F);
  if (factor < 0.0F) {
    keys.Fail(StatusCode::kMalformed, keys.Name("rope.scaling.factor"), "must not be negative");
  }
  rope.factor = factor == 0.0F || rope.scaling == RopeScaling::kNone ? 1.0F : factor;
  rope.attention_factor = keys.Positive("rope.scaling.attn_factor", 1.0F);
  rope.original_context =
      keys.FindUint("rope.scaling.original_context_length", 1, kMaxContext).value_or(info.context);
  rope.yarn_beta_fast = keys.Positive("rope.scaling.yarn_beta_fast", 32.0F);
  rope.yarn_beta_slow = keys.Positive("rope.scaling.yarn_beta_slow", 1.0F);
  if (rope.dims > info.head_dim || rope.dims % 2 != 0) {
    keys.Fail(StatusCode::kMalformed, keys.Name("rope.dimension_count"),
              "is " + std::to_string(rope.dims) +
                  "; it must be even and at most the head dimension " +
                  std::to_string(info.head_dim));
  }
  hp.window_rope = rope;
  if (hp.family->window_rope_base > 0.0F) {
    // Gemma 3: local layers keep the short-range base and are never stretched.
    hp.window_rope.base = hp.family->window_rope_base;
    hp.window_rope.scaling = RopeScaling::kNone;
    hp.window_rope.factor = 1.0F;
  }
  hp.window_rope.base = keys.Positive("rope.freq_base_swa", hp.window_rope.base);
}

void ReadWindows(KeyReader& keys, const Family& family, ModelInfo& info) {
  info.windows.assign(info.layers, 0);
  if (family.windows == Windows::kNever) return;
  const auto stated = keys.FindUint("attention.sliding_window", 0, kMaxContext);
  const std::size_t window =
      stated.value_or(family.windows == Windows::kDefaulted ? family.default_window : 0);
  if (window == 0) return;
  const std::string pattern_key = keys.Name("attention.sliding_window_pattern");
  if (keys.file().IsArray(pattern_key)) {
    const auto pattern = keys.file().FindIntArray(pattern_key, 0, 1);
    if (!pattern) return keys.Fail(pattern.status().code(), pattern_key, "must hold 0 and 1");
    if (pattern->size() < info.layers) {
      return keys.Fail(StatusCode::kMalformed, pattern_key, "has fewer values than layers");
    }
    for (std::size_t layer = 0; layer < info.layers; ++layer) {
      if ((*pattern)[layer] != 0) info.windows[layer] = window;
    }
    return;
  }
  const std::size_t period = keys.FindUint("attention.sliding_window_pattern", 0, kMaxLayers)
                                 .value_or(family.window_period);
  for (std::size_t layer = 0; layer < info.layers; ++layer) {
    const bool full = period != 0 && (family.first_layer_is_full ? layer % period == 0
                                                                 : layer % period + 1 >= period);
    if (!full) info.windows[layer] = window;
  }
}

/// What depends on the distance between query and key.
void ReadDistances(KeyReader& keys, Hyperparameters& hp) {
  constexpr float kUsualMaxBias = 8.0F;  // Press et al. 2022: slopes from 2^(-8/heads) to 2^-8.
  const bool alibi = hp.family->positions == PositionKind::kAlibi;
  const float bias =
      keys.FindFloat("attention.max_alibi_bias").value_or(alibi ? kUsualMaxBias : 0.0F);
  if (alibi && bias > 0.0F) {
    hp.alibi_max_bias = bias;
  } else if (bias != 0.0F || alibi) {
    keys.Fail(alibi ? StatusCode::kMalformed : StatusCode::kUnsupported,
              keys.Name("attention.max_alibi_bias"),
              alibi ? "must be positive" : "is not supported for this family");
  }
  if (hp.family->positions == PositionKind::kRelativeBuckets) {
    constexpr std::size_t kMinBuckets = 4;  // Two directions, each exact and logarithmic.
    constexpr std::size_t kMaxBuckets = 4096;
    hp.max_distance =
        keys.FindUint("attention.relative_max_distance", 1, kMaxContext).value_or(hp.max_distance);
    hp.distance_buckets = keys.Uint("attention.relative_buckets_count", kMinBuckets, kMaxBuckets);
    if (hp.distance_buckets % 2 != 0) {
      keys.Fail(StatusCode::kMalformed, keys.Name("attention.relative_buckets_count"),
                "must be even");
    }
  }
}

void ReadAttention(KeyReader& keys, Hyperparameters& hp) {
  ModelInfo& info = hp.info;
  const Family& family = *hp.family;
  const bool by_hidden_size = family.layers_scaled_by_hidden_size != 0 &&
                              family.layers_scaled_by_hidden_size == info.layers;
  const std::size_t scaled_size = by_hidden_size ? info.hidden_size / info.heads : info.head_dim;
  const float usual_scale =
      1.0F / std::sqrt(static_cast<float>(std::max<std::size_t>(scaled_size, 1)));
  info.attention_scale =
      keys.Positive("attention.scale", family.unscaled_scores ? 1.0F : usual_scale);
  if (family.reads_attention_softcap) {
    info.attention_softcap =
        keys.FindFloat("attn_logit_softcapping").value_or(family.attention_softcap);
  }
  if (family.reads_logit_softcap) {
    info.logit_softcap = keys.FindFloat("final_logit_softcapping").value_or(family.logit_softcap);
  }
  if (info.attention_softcap < 0.0F || info.logit_softcap < 0.0F) {
    keys.Fail(StatusCode::kMalformed, keys.Name("*_logit_softcapping"), "must not be negative");
  }
  ReadDistances(keys, hp);
  // Clamped projections would silently change the maps.
  if (keys.FindFloat("attention.clamp_kqv").value_or(0.0F) != 0.0F) {
    keys.Fail(StatusCode::kUnsupported, keys.Name("attention.clamp_kqv"),
              "is not supported for this family");
  }
  info.causal = family.kind != ModelKind::kEncoder;
  if (keys.FindBool("attention.causal").value_or(info.causal) != info.causal) {
    keys.Fail(StatusCode::kUnsupported, keys.Name("attention.causal"),
              info.causal ? "is false: bidirectional models of this family are not supported"
                          : "is true: causal models of this family are not supported");
  }
}

Pooling ReadPooling(KeyReader& keys) {
  constexpr std::size_t kRank = 4;  // Of re-rankers, whose head this engine does not run.
  switch (keys.FindUint("pooling_type", 0, kRank).value_or(0)) {
    case 1: return Pooling::kMean;
    case 2: return Pooling::kCls;
    case 3: return Pooling::kLast;
    default: return Pooling::kNone;
  }
}

/// The family's activation, unless the source states another: few GGUF files do, folders always.
Activation ReadActivation(KeyReader& keys, const Family& family) {
  const char* key = keys.Has("hidden_activation") ? "hidden_activation" : "activation";
  const std::string_view name = keys.FindString(key, "");
  if (name.empty()) return family.activation;
  if (name == "gelu") return Activation::kGeluErf;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return Activation::kGelu;
  if (name == "relu") return Activation::kRelu;
  if (name == "silu" || name == "swish") return Activation::kSilu;
  keys.Fail(StatusCode::kUnsupported, keys.Name(key),
            "is " + keys.file().Describe(keys.Name(key)) +
                "; supported are gelu, gelu_new, gelu_pytorch_tanh, relu, silu, swish");
  return family.activation;
}

/// Mixtures of experts: how many there are, how large, and how many of them a token uses.
void ReadExperts(KeyReader& keys, Hyperparameters& hp) {
  constexpr std::size_t kMaxExperts = 4096;
  const std::size_t count = keys.FindUint("expert_count", 0, kMaxExperts).value_or(0);
  if (count != 0 && !hp.family->experts) {
    return keys.Fail(StatusCode::kUnsupported, keys.Name("expert_count"),
                     "is not 0: mixtures of experts of this family are not supported");
  }
  if (!hp.family->experts) return;
  hp.experts = keys.Uint("expert_count", 1, kMaxExperts);
  hp.experts_used = keys.Uint("expert_used_count", 1, kMaxExperts);
  hp.expert_ffn_size =
      keys.FindUint("expert_feed_forward_length", 1, kMaxHiddenSize).value_or(hp.info.ffn_size);
  hp.shared_ffn_size =
      keys.FindUint("expert_shared_feed_forward_length", 0, kMaxHiddenSize).value_or(0);
  hp.normalize_expert_weights =
      keys.FindBool("expert_weights_norm").value_or(hp.family->normalize_expert_weights);
  hp.expert_weight_scale = keys.Positive("expert_weights_scale", 1.0F);
  if (hp.experts_used > hp.experts) {
    keys.Fail(StatusCode::kMalformed, keys.Name("expert_used_count"),
              "is more than the " + std::to_string(hp.experts) + " experts");
  }
}

/// Embeddings, output, and the two stacks of an encoder–decoder.
void ReadStacks(KeyReader& keys, Hyperparameters& hp) {
  const Family& family = *hp.family;
  ModelInfo& info = hp.info;
  info.kind = family.kind;
  info.pooling = ReadPooling(keys);
  info.has_logits = info.has_decoder();
  hp.activation = ReadActivation(keys, family);
  hp.embedding_size = family.embedding_projection
                          ? keys.Uint("embedding_length_small", 1, kMaxHiddenSize)
                          : info.hidden_size;
  hp.embedding_scale =
      family.scale_embedding ? std::sqrt(static_cast<float>(info.hidden_size)) : 1.0F;
  hp.embedding_scale = keys.Positive("embedding_scale", hp.embedding_scale);
  if (family.reads_scales) {
    hp.residual_scale = keys.Positive("residual_scale", 1.0F);
    hp.logit_scale = 1.0F / keys.Positive("logit_scale", 1.0F);
  }
  ReadExperts(keys, hp);
  if (family.kind != ModelKind::kEncoderDecoder) return;
  info.encoder = info;
  info.encoder.causal = false;
  info.layers = keys.FindUint("decoder_block_count", 1, kMaxLayers).value_or(info.layers);
  info.windows.resize(info.layers, 0);
  info.ffn_size =
      keys.FindUint("decoder_feed_forward_length", 1, kMaxHiddenSize).value_or(info.ffn_size);
  if (const auto heads = keys.FindUint("decoder_attention.head_count", 1, kMaxHeads)) {
    if (info.hidden_size % *heads != 0) {
      return keys.Fail(StatusCode::kMalformed, keys.Name("decoder_attention.head_count"),
                       "does not divide the embedding length " + std::to_string(info.hidden_size));
    }
    info.heads = *heads;
    info.kv_heads = *heads;
    info.head_dim = info.hidden_size / *heads;
    info.value_dim = info.head_dim;
    info.attention_scale = 1.0F / std::sqrt(static_cast<float>(info.head_dim));
  }
  if (const auto start = keys.FindUint("decoder_start_token_id", 0, kMaxVocabulary)) {
    info.decoder_start_token = static_cast<std::int32_t>(*start);
  }
}

}  // namespace

Result<Hyperparameters> ReadHyperparameters(const format::ModelSource& file) {
  Hyperparameters hp;
  FOVEA_RETURN_IF_ERROR(CheckFamily(file, &hp.family));
  const Family& family = *hp.family;
  KeyReader keys(file, family.name);
  hp.info.path = file.path();
  hp.info.family = family.name;
  hp.info.file_bytes = file.file_bytes();
  if (const auto name = file.FindString("general.name"); name.ok() && name->has_value()) {
    hp.info.name = std::string(**name);
  }
  ReadShape(keys, hp.info);
  if (!keys.status().ok()) return keys.status();

  const char* epsilon_key = family.norm == NormKind::kRms ? "attention.layer_norm_rms_epsilon"
                                                          : "attention.layer_norm_epsilon";
  const auto epsilon = file.GetFloat(keys.Name(epsilon_key));
  FOVEA_RETURN_IF_ERROR(epsilon);
  if (!(*epsilon >= 0.0F)) {
    keys.Fail(StatusCode::kMalformed, keys.Name(epsilon_key), "must not be negative");
  }
  hp.norm_epsilon = *epsilon;
  hp.parallel_residual = family.residual == Residual::kParallel;
  if (family.residual == Residual::kFromFile) {
    hp.parallel_residual = keys.FindBool("use_parallel_residual").value_or(true);
  }
  ReadRope(keys, hp);
  ReadWindows(keys, family, hp.info);
  ReadAttention(keys, hp);
  ReadStacks(keys, hp);
  if (!keys.status().ok()) return keys.status();

  hp.info.position = family.positions;
  hp.info.rope_base = hp.rope.base;
  hp.info.rope_factor = hp.rope.factor;
  hp.info.rope_scaling = hp.rope.scaling;
  if (!IsRotary(family.positions)) hp.info.rope_base = 0.0F;
  return hp;
}

}  // namespace fovea::model
