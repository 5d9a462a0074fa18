#include "engine/model/load/folder/translate.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/format/message.h"

namespace fovea::model {
namespace {

using format::Concat;
using format::Quoted;

/// Values of a head where the configuration does not say: the residual stream's width over heads.
std::size_t HeadDim(const Translation& t, std::size_t hidden, std::size_t heads) {
  if (hidden % heads != 0) {
    t.config.Fail(
        StatusCode::kMalformed, "num_attention_heads",
        Concat({"is ", format::Number(std::uint64_t{heads}), ", which does not divide hidden_size ",
                format::Number(std::uint64_t{hidden})}));
  }
  return std::max<std::size_t>(hidden / heads, 1);
}

/// The activations by their names in config.json.
constexpr struct {
  std::string_view name;
  std::string_view ours;
} kActivations[] = {
    {"gelu", "gelu"},          {"gelu_python", "gelu"},
    {"gelu_new", "gelu_new"},  {"gelu_pytorch_tanh", "gelu_new"},
    {"gelu_fast", "gelu_new"}, {"gelu_accurate", "gelu_new"},
    {"relu", "relu"},          {"silu", "silu"},
    {"swish", "silu"},
};

}  // namespace

void TranslateSizes(const Translation& t) {
  const ConfigSection& c = t.config;
  Facts& f = *t.facts;
  const std::size_t hidden = c.Size({"hidden_size", "n_embd", "d_model", "dim"}, kMaxFolderWidth);
  const std::size_t heads =
      c.Size({"num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads"},
             kMaxFolderHeads);
  const std::size_t kv_heads = c.Size({"num_key_value_heads"}, kMaxFolderHeads, heads);
  const auto stated = c.FindSize({"head_dim", "d_kv"}, 1, kMaxFolderHeads);
  const std::size_t head_dim = stated ? *stated : HeadDim(t, hidden, heads);
  f.layers = c.Size({"encoder_layers", "num_hidden_layers", "n_layer", "n_layers", "num_layers"},
                    kMaxFolderLayers);
  f[Dim::kOne] = 1;
  f[Dim::kHidden] = hidden;
  f[Dim::kHeads] = heads;
  f[Dim::kKeyHeads] = kv_heads;
  f[Dim::kHeadDim] = head_dim;
  f[Dim::kQuery] = heads * head_dim;
  f[Dim::kKey] = kv_heads * head_dim;
  f[Dim::kQkv] = f[Dim::kQuery] + 2 * f[Dim::kKey];
  const auto ffn =
      c.FindSize({"intermediate_size", "n_inner", "d_ff", "hidden_dim", "encoder_ffn_dim"}, 1,
                 kMaxFolderWidth);
  f[Dim::kFfn] = ffn.value_or(4 * hidden);
  f[Dim::kTwoFfn] = 2 * f[Dim::kFfn];
  f[Dim::kVocabulary] = c.Size({"vocab_size"}, kMaxFolderContext);
  // T5 has no limit of its own; 512 tokens are what it was trained with.
  f[Dim::kPositions] = c.Has({"d_kv"}) ? c.Size({"n_positions"}, kMaxFolderContext, 512)
                                       : c.Size({"max_position_embeddings", "n_positions", "n_ctx"},
                                                kMaxFolderContext);
  f.rotated = head_dim;

  t.Set("block_count", f.layers);
  t.Set("embedding_length", hidden);
  t.Set("feed_forward_length", f[Dim::kFfn]);
  t.Set("attention.head_count", heads);
  t.Set("attention.head_count_kv", kv_heads);
  if (head_dim * heads != hidden) {
    t.Set("attention.key_length", head_dim);
    t.Set("attention.value_length", head_dim);
  }
  t.Set("context_length", f[Dim::kPositions]);
  t.Set("vocab_size", f[Dim::kVocabulary]);
}

void TranslateRmsEpsilon(const Translation& t, ConfigNames names, float fallback) {
  t.Set("attention.layer_norm_rms_epsilon", t.config.Number(names, fallback));
}

void TranslateLayerEpsilon(const Translation& t, ConfigNames names, float fallback) {
  t.Set("attention.layer_norm_epsilon", t.config.Number(names, fallback));
}

std::string_view ReadActivation(const Translation& t, ConfigNames names, std::string_view fallback,
                                std::initializer_list<std::string_view> allowed) {
  const std::string_view name = t.config.Text(names, fallback);
  std::string known;
  for (const auto& row : kActivations) {
    if (std::find(allowed.begin(), allowed.end(), row.ours) == allowed.end()) continue;
    if (row.name == name) return row.ours;
    known += known.empty() ? "" : ", ";
    known += row.name;
  }
  t.config.Fail(StatusCode::kUnsupported, *names.begin(),
                Concat({"is ", Quoted(name), "; for this architecture supported are ", known}));
  return *allowed.begin();
}

void TranslateWindows(const Translation& t) {
  const ConfigSection& c = t.config;
  const Facts& f = *t.facts;
  const std::size_t window = c.FindSize({"sliding_window"}, 0, kMaxFolderContext).value_or(0);
  if (window == 0) return;
  std::vector<std::int64_t> windowed;
  for (const std::string_view type : c.Texts({"layer_types"})) {
    if (type != "sliding_attention" && type != "full_attention") {
      return c.Fail(
          StatusCode::kUnsupported, "layer_types",
          Concat({"has ", Quoted(type), "; supported are full_attention and sliding_attention"}));
    }
    windowed.push_back(type == "sliding_attention" ? 1 : 0);
  }
  if (!windowed.empty() && windowed.size() < f.layers) {
    return c.Fail(StatusCode::kMalformed, "layer_types", "has fewer values than layers");
  }
  if (windowed.empty() && c.Has({"use_sliding_window"})) {
    // Qwen: the first layers see everything, if any has a window at all.
    if (!c.Flag({"use_sliding_window"}, false)) return;
    const std::size_t first =
        c.FindSize({"max_window_layers"}, 0, kMaxFolderLayers).value_or(f.layers);
    for (std::size_t layer = 0; layer < f.layers; ++layer) {
      windowed.push_back(layer >= first ? 1 : 0);
    }
  }
  const auto full = std::count(windowed.begin(), windowed.end(), 0);
  if (!windowed.empty() && static_cast<std::size_t>(full) == windowed.size()) return;
  t.Set("attention.sliding_window", window);
  if (!windowed.empty()) {
    t.Set("attention.sliding_window_pattern", std::move(windowed));
  } else if (const auto period = c.FindSize({"sliding_window_pattern", "_sliding_window_pattern"},
                                            1, kMaxFolderLayers)) {
    t.Set("attention.sliding_window_pattern", *period);
  }
}

void SetRotated(const Translation& t, float share) {
  Facts& f = *t.facts;
  if (!(share > 0.0F) || share > 1.0F) {
    return t.config.Fail(StatusCode::kMalformed, "partial_rotary_factor",
                         "is not above 0 and at most 1");
  }
  // Rounded down, but 0.7 of 10 is 7 whatever a float makes of it.
  constexpr double kFloatError = 1e-3;
  f.rotated = static_cast<std::size_t>(
      static_cast<double>(share) * static_cast<double>(f[Dim::kHeadDim]) + kFloatError);
  if (f.rotated % 2 != 0 || f.rotated == 0) {
    t.config.Fail(StatusCode::kMalformed, "partial_rotary_factor",
                  Concat({"makes ", format::Number(std::uint64_t{f.rotated}),
                          " values of a head rotate, which is no even number above 0"}));
  }
}

void TranslateEncoder(const Translation& t, ConfigNames epsilon) {
  TranslateLayerEpsilon(t, epsilon, 1e-12F);
  t.Set("attention.causal", false);
  t.config.RequireFlag("is_decoder", false, false);
  t.config.RequireFlag("add_cross_attention", false, false);
  if ((t.facts->conditions & kClassifies) == 0) return;
  const auto labels = t.config.Find({"id2label"});
  if (!labels || !labels->IsObject()) return;
  Metadata::Texts texts(labels->size());
  for (const auto& [key, label] : labels->members()) {
    std::size_t id = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    const bool is_number = error == std::errc() && end == key.data() + key.size();
    if (!is_number || id >= texts.size()) return;  // The classes have no names then.
    texts[id] = std::string(label.Text().value_or(""));
  }
  t.Set("classifier.output_labels", std::move(texts));
}

void TranslateQueryScalar(const Translation& t) {
  const float scalar =
      t.config.Positive({"query_pre_attn_scalar"}, static_cast<float>((*t.facts)[Dim::kHeadDim]));
  if (scalar == static_cast<float>((*t.facts)[Dim::kHeadDim])) return;
  t.Set("attention.scale", 1.0F / std::sqrt(scalar));
}

}  // namespace fovea::model
