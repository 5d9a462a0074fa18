#include "engine/model/family.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "fovea/model.h"

/// The families that this build has, each between commas; empty: all of them.
#ifndef FOVEA_FAMILIES
#define FOVEA_FAMILIES ""
#endif

namespace fovea::model {
namespace {

constexpr Family kKnownFamilies[] = {
    // Touvron et al. 2023; also Mistral, SmolLM, TinyLlama and others that convert to it.
    {.name = "llama", .positions = PositionKind::kRopeInterleaved, .windows = Windows::kIfStated},
    {.name = "qwen2", .windows = Windows::kIfStated},
    {.name = "qwen3", .head_norms = HeadNorms::kRequired, .windows = Windows::kIfStated},
    // Yang et al. 2025
    {.name = "qwen3moe",
     .head_norms = HeadNorms::kRequired,
     .experts = true,
     .normalize_expert_weights = true},
    // Muennighoff et al. 2024
    {.name = "olmoe", .head_norms = HeadNorms::kRequiredOfRows, .experts = true},
    // Granite Team 2024. What the router gives is the softmax over the chosen experts alone.
    {.name = "granitemoe",
     .positions = PositionKind::kRopeInterleaved,
     .experts = true,
     .normalize_expert_weights = true,
     .reads_scales = true},
    // Radford et al. 2019
    {.name = "gpt2",
     .norm = NormKind::kLayer,
     .positions = PositionKind::kLearned,
     .activation = Activation::kGelu,
     .gate = Gate::kNone},
    // Gemma Team 2024
    {.name = "gemma", .activation = Activation::kGelu, .scale_embedding = true},
    {.name = "gemma2",
     .activation = Activation::kGelu,
     .post_norms = true,
     .scale_embedding = true,
     .attention_softcap = 50.0F,
     .logit_softcap = 30.0F,
     .reads_attention_softcap = true,
     .reads_logit_softcap = true,
     .windows = Windows::kDefaulted,
     .default_window = 4096,
     .window_period = 2,
     .layers_scaled_by_hidden_size = 46},
    // Gemma Team 2025
    {.name = "gemma3",
     .activation = Activation::kGelu,
     .head_norms = HeadNorms::kRequired,
     .post_norms = true,
     .scale_embedding = true,
     .reads_logit_softcap = true,
     .windows = Windows::kIfStated,
     .window_period = 6,
     .window_rope_base = 10000.0F,
     .layers_scaled_by_hidden_size = 62},
    // Javaheripi et al. 2023
    {.name = "phi2",
     .norm = NormKind::kLayer,
     .activation = Activation::kGelu,
     .gate = Gate::kNone,
     .residual = Residual::kParallel,
     .ffn_norm_optional = true,
     .output_required = true},
    // Abdin et al. 2024. Files of this family state windows that their models were not trained
    // with;
    // they are not read.
    {.name = "phi3", .gate = Gate::kFused},
    // Black et al. 2022
    {.name = "gptneox",
     .norm = NormKind::kLayer,
     .activation = Activation::kGelu,
     .gate = Gate::kNone,
     .residual = Residual::kFromFile,
     .output_required = true},
    // Bellagente et al. 2024
    {.name = "stablelm",
     .norm = NormKind::kLayer,
     .ffn_norm_optional = true,
     .output_required = true},

    // --- Encoders.
    // Devlin et al. 2019; also RoBERTa and DistilBERT, MiniLM, BGE, E5.
    {.name = "bert",
     .kind = ModelKind::kEncoder,
     .norm = NormKind::kLayer,
     .positions = PositionKind::kLearned,
     .activation = Activation::kGeluErf,
     .gate = Gate::kNone,
     .norm_place = NormPlace::kAfterResidual,
     .output_norm = false,
     .embedding_norm = true,
     .token_types = true,
     .masked_token_head = true},
    // Lan et al. 2020
    {.name = "albert",
     .kind = ModelKind::kEncoder,
     .norm = NormKind::kLayer,
     .positions = PositionKind::kLearned,
     .activation = Activation::kGelu,
     .gate = Gate::kNone,
     .norm_place = NormPlace::kAfterResidual,
     .output_norm = false,
     .embedding_norm = true,
     .token_types = true,
     .embedding_projection = true,
     .shared_layers = true,
     .masked_token_head = true},
    // Nussbaum et al. 2024
    {.name = "nomic-bert",
     .kind = ModelKind::kEncoder,
     .norm = NormKind::kLayer,
     .norm_place = NormPlace::kAfterResidual,
     .output_norm = false,
     .embedding_norm = true,
     .token_types = true},
    // Günther et al. 2023
    {.name = "jina-bert-v2",
     .kind = ModelKind::kEncoder,
     .norm = NormKind::kLayer,
     .positions = PositionKind::kAlibi,
     .activation = Activation::kGeluErf,
     .gate = Gate::kEither,
     .norm_place = NormPlace::kAfterResidual,
     .head_norms = HeadNorms::kOptionalOfRows,
     .output_norm = false,
     .embedding_norm = true,
     .token_types = true},
    // Warner et al. 2024
    {.name = "modern-bert",
     .kind = ModelKind::kEncoder,
     .norm = NormKind::kLayer,
     .activation = Activation::kGeluErf,
     .gate = Gate::kFused,
     .attention_norm_optional = true,
     .embedding_norm = true,
     .masked_token_head = true,
     .windows = Windows::kIfStated,
     .first_layer_is_full = true,
     .window_period = 3,
     .window_rope_base = 10000.0F},
    // Vera et al. 2025
    {.name = "gemma-embedding",
     .kind = ModelKind::kEncoder,
     .activation = Activation::kGelu,
     .head_norms = HeadNorms::kRequired,
     .post_norms = true,
     .scale_embedding = true,
     .windows = Windows::kIfStated,
     .window_period = 6,
     .window_rope_base = 10000.0F},
    // The encoder of T5 alone.
    {.name = "t5encoder",
     .kind = ModelKind::kEncoder,
     .positions = PositionKind::kRelativeBuckets,
     .activation = Activation::kGelu,
     .gate = Gate::kIfStated,
     .named_stacks = true,
     .unscaled_scores = true},

    // --- Encoder–decoders.
    // Raffel et al. 2020
    {.name = "t5",
     .kind = ModelKind::kEncoderDecoder,
     .positions = PositionKind::kRelativeBuckets,
     .activation = Activation::kGelu,
     .gate = Gate::kIfStated,
     .named_stacks = true,
     .unscaled_scores = true,
     .scale_tied_output = true},
    // Lewis et al. 2020
    {.name = "bart",
     .kind = ModelKind::kEncoderDecoder,
     .norm = NormKind::kLayer,
     .positions = PositionKind::kLearned,
     .activation = Activation::kGeluErf,
     .gate = Gate::kNone,
     .norm_place = NormPlace::kAfterResidual,
     .output_norm = false,
     .embedding_norm = true,
     .named_stacks = true},
    // Junczys-Dowmunt et al. 2018
    {.name = "marian",
     .kind = ModelKind::kEncoderDecoder,
     .norm = NormKind::kLayer,
     .positions = PositionKind::kSinusoidal,
     .activation = Activation::kSilu,
     .gate = Gate::kNone,
     .norm_place = NormPlace::kAfterResidual,
     .output_norm = false,
     .named_stacks = true},
};

constexpr std::string_view kChosen = FOVEA_FAMILIES;

constexpr bool IsChosen(std::string_view name) {
  for (std::size_t begin = kChosen.find(name); begin < kChosen.size();
       begin = kChosen.find(name, begin + 1)) {
    if (kChosen[begin - 1] == ',' && kChosen[begin + name.size()] == ',') return true;
  }
  return kChosen.empty();
}

constexpr std::size_t kFamilyCount = [] {
  std::size_t count = 0;
  for (const Family& family : kKnownFamilies) count += IsChosen(family.name) ? 1 : 0;
  return count;
}();

constexpr std::array<Family, kFamilyCount> kFamilies = [] {
  std::array<Family, kFamilyCount> chosen;
  std::size_t count = 0;
  for (const Family& family : kKnownFamilies) {
    if (IsChosen(family.name)) chosen[count++] = family;
  }
  return chosen;
}();

}  // namespace

std::span<const Family> Families() {
  return kFamilies;
}

const Family* FindFamily(std::string_view name) {
  for (const Family& family : kFamilies) {
    if (family.name == name) return &family;
  }
  return nullptr;
}

bool IsLeftOut(std::string_view name) {
  return FindFamily(name) == nullptr &&
         std::any_of(std::begin(kKnownFamilies), std::end(kKnownFamilies),
                     [name](const Family& family) { return family.name == name; });
}

}  // namespace fovea::model

namespace fovea {

std::vector<std::string_view> SupportedFamilies() {
  std::vector<std::string_view> names;
  for (const model::Family& family : model::Families()) names.push_back(family.name);
  return names;
}

}  // namespace fovea
