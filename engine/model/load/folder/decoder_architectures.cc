// Decoders: language models that read from left to right.
#include <cstddef>

#include "engine/model/load/folder/architecture.h"
#include "engine/model/load/folder/translate.h"

namespace fovea::model {
namespace {

using enum Dim;
constexpr Scope kModel = Scope::kModel;
constexpr Part kWeight = Part::kWeight;
constexpr Part kBoth = Part::kWeightAndBias;
constexpr Part kMaybeBias = Part::kWeightMaybeBias;
constexpr Scope kLayer = Scope::kLayer;

// --- Llama and what is built like it: gated, RMS norms before attention and feed-forward.

constexpr TensorRule kLlamaBody[] = {
    {"embed_tokens", "token_embd", kVocabulary, kHidden, kWeight, kModel},
    {"norm", "output_norm", kHidden, kOne, kWeight, kModel},
    {"layers.{}.input_layernorm", "blk.{}.attn_norm"},
    {"layers.{}.self_attn.v_proj", "blk.{}.attn_v", kKey, kHidden, kMaybeBias},
    {"layers.{}.self_attn.o_proj", "blk.{}.attn_output", kHidden, kQuery, kMaybeBias},
    {"layers.{}.post_attention_layernorm", "blk.{}.ffn_norm"},
    {"layers.{}.mlp.gate_proj", "blk.{}.ffn_gate", kFfn, kHidden, kMaybeBias},
    {"layers.{}.mlp.up_proj", "blk.{}.ffn_up", kFfn, kHidden, kMaybeBias},
    {"layers.{}.mlp.down_proj", "blk.{}.ffn_down", kHidden, kFfn, kMaybeBias},
};
constexpr TensorRule kInterleavedQueryKey[] = {
    {"layers.{}.self_attn.q_proj", "blk.{}.attn_q", kQuery, kHidden, kMaybeBias, kLayer,
     Change::kInterleave},
    {"layers.{}.self_attn.k_proj", "blk.{}.attn_k", kKey, kHidden, kMaybeBias, kLayer,
     Change::kInterleave},
};
constexpr TensorRule kQueryKey[] = {
    {"layers.{}.self_attn.q_proj", "blk.{}.attn_q", kQuery, kHidden, kMaybeBias},
    {"layers.{}.self_attn.k_proj", "blk.{}.attn_k", kKey, kHidden, kMaybeBias},
};
constexpr TensorRule kHeadNorms[] = {
    {"layers.{}.self_attn.q_norm", "blk.{}.attn_q_norm", kHeadDim},
    {"layers.{}.self_attn.k_norm", "blk.{}.attn_k_norm", kHeadDim},
};
constexpr TensorRule kOutputHead[] = {
    {"lm_head", "output", kVocabulary, kHidden, kMaybeBias, kModel, Change::kNone, kUntied},
};
/// A tied output that GGUF wants to have as a tensor of its own.
constexpr TensorRule kOutputOfEmbedding[] = {
    {"embed_tokens", "output", kVocabulary, kHidden, kWeight, kModel, Change::kNone, kTied},
};
constexpr std::string_view kIgnored[] = {"lm_head.weight", "*.rotary_emb.inv_freq"};

/// Silu, RMS norms, rotary positions, windows.
void TranslateLlama(const Translation& t) {
  TranslateSizes(t);
  TranslateRmsEpsilon(t, {"rms_norm_eps"}, 1e-6F);
  ReadActivation(t, {"hidden_act"}, "silu", {"silu"});
  SetRotated(t, t.config.Number({"partial_rotary_factor"}, 1.0F));
  TranslateRope(t, 10000.0F);
  TranslateWindows(t);
}

/// Files of this family state windows that the engine's row does not read.
void TranslatePhi3(const Translation& t) {
  TranslateSizes(t);
  TranslateRmsEpsilon(t, {"rms_norm_eps"}, 1e-5F);
  ReadActivation(t, {"hidden_act"}, "silu", {"silu"});
  SetRotated(t, t.config.Number({"partial_rotary_factor"}, 1.0F));
  TranslateRope(t, 10000.0F);
}

constexpr TensorRule kPhi3Body[] = {
    {"embed_tokens", "token_embd", kVocabulary, kHidden, kWeight, kModel},
    {"norm", "output_norm", kHidden, kOne, kWeight, kModel},
    {"layers.{}.input_layernorm", "blk.{}.attn_norm"},
    {"layers.{}.self_attn.qkv_proj", "blk.{}.attn_qkv", kQkv, kHidden},
    {"layers.{}.self_attn.o_proj", "blk.{}.attn_output", kHidden, kQuery},
    {"layers.{}.post_attention_layernorm", "blk.{}.ffn_norm"},
    {"layers.{}.mlp.gate_up_proj", "blk.{}.ffn_up", kTwoFfn, kHidden},
    {"layers.{}.mlp.down_proj", "blk.{}.ffn_down", kHidden, kFfn},
};

// --- Gemma: norms multiply by 1 + weight; from the second on there are four of them.

constexpr TensorRule kGemmaBody[] = {
    {"embed_tokens", "token_embd", kVocabulary, kHidden, kWeight, kModel},
    {"norm", "output_norm", kHidden, kOne, kWeight, kModel, Change::kPlusOne},
    {"layers.{}.input_layernorm", "blk.{}.attn_norm", kHidden, kOne, kWeight, kLayer,
     Change::kPlusOne},
    {"layers.{}.self_attn.q_proj", "blk.{}.attn_q", kQuery, kHidden},
    {"layers.{}.self_attn.k_proj", "blk.{}.attn_k", kKey, kHidden},
    {"layers.{}.self_attn.v_proj", "blk.{}.attn_v", kKey, kHidden},
    {"layers.{}.self_attn.o_proj", "blk.{}.attn_output", kHidden, kQuery},
    {"layers.{}.mlp.gate_proj", "blk.{}.ffn_gate", kFfn, kHidden},
    {"layers.{}.mlp.up_proj", "blk.{}.ffn_up", kFfn, kHidden},
    {"layers.{}.mlp.down_proj", "blk.{}.ffn_down", kHidden, kFfn},
};
constexpr TensorRule kGemmaNorm[] = {
    {"layers.{}.post_attention_layernorm", "blk.{}.ffn_norm", kHidden, kOne, kWeight, kLayer,
     Change::kPlusOne},
};
constexpr TensorRule kGemma2Norms[] = {
    {"layers.{}.post_attention_layernorm", "blk.{}.post_attention_norm", kHidden, kOne, kWeight,
     kLayer, Change::kPlusOne},
    {"layers.{}.pre_feedforward_layernorm", "blk.{}.ffn_norm", kHidden, kOne, kWeight, kLayer,
     Change::kPlusOne},
    {"layers.{}.post_feedforward_layernorm", "blk.{}.post_ffw_norm", kHidden, kOne, kWeight, kLayer,
     Change::kPlusOne},
};
constexpr TensorRule kGemma3HeadNorms[] = {
    {"layers.{}.self_attn.q_norm", "blk.{}.attn_q_norm", kHeadDim, kOne, kWeight, kLayer,
     Change::kPlusOne},
    {"layers.{}.self_attn.k_norm", "blk.{}.attn_k_norm", kHeadDim, kOne, kWeight, kLayer,
     Change::kPlusOne},
};

void TranslateGemma(const Translation& t) {
  TranslateSizes(t);
  TranslateRmsEpsilon(t, {"rms_norm_eps"}, 1e-6F);
  // Configurations of the first Gemma say "gelu" and mean the tanh form, which they were trained
  // with.
  ReadActivation(t, {"hidden_activation", "hidden_act"}, "gelu_pytorch_tanh", {"gelu_new", "gelu"});
  TranslateRope(t, 10000.0F);
}

void TranslateGemma2(const Translation& t) {
  TranslateSizes(t);
  TranslateRmsEpsilon(t, {"rms_norm_eps"}, 1e-6F);
  ReadActivation(t, {"hidden_activation", "hidden_act"}, "gelu_pytorch_tanh", {"gelu_new"});
  TranslateRope(t, 10000.0F);
  TranslateQueryScalar(t);
  TranslateWindows(t);
  // Null means that there is none.
  t.Set("attn_logit_softcapping", t.config.Number({"attn_logit_softcapping"}, 0.0F));
  t.Set("final_logit_softcapping", t.config.Number({"final_logit_softcapping"}, 0.0F));
}

void TranslateGemma3(const Translation& t) {
  const ConfigSection& c = t.config;
  TranslateSizes(t);
  TranslateRmsEpsilon(t, {"rms_norm_eps"}, 1e-6F);
  ReadActivation(t, {"hidden_activation", "hidden_act"}, "gelu_pytorch_tanh", {"gelu_new"});
  TranslateQueryScalar(t);
  TranslateWindows(t);
  c.RequireFlag("use_bidirectional_attention", false, false);
  if (c.Has({"attn_logit_softcapping"})) {
    c.Fail(StatusCode::kUnsupported, "attn_logit_softcapping", "is not supported for Gemma 3");
  }
  t.Set("final_logit_softcapping", c.Number({"final_logit_softcapping"}, 0.0F));
  // Newer configurations keep the positions of both kinds of layers in one object.
  const auto both = c.FindSection({"rope_parameters"});
  const auto global = both ? both->FindSection({"full_attention"}) : std::nullopt;
  const auto local = both ? both->FindSection({"sliding_attention"}) : std::nullopt;
  if (global && local) {
    t.Set("rope.freq_base_swa", local->Positive({"rope_theta"}, 10000.0F));
    TranslateRopeSection(t, *global, 1000000.0F);
    return;
  }
  t.Set("rope.freq_base_swa", c.Positive({"rope_local_base_freq"}, 10000.0F));
  TranslateRope(t, 1000000.0F);
}

// --- GPT-2: learned positions, Conv1D weights are [inputs, outputs].

constexpr TensorRule kGpt2Body[] = {
    {"wte", "token_embd", kVocabulary, kHidden, kWeight, kModel},
    {"wpe", "position_embd", kPositions, kHidden, kWeight, kModel},
    {"ln_f", "output_norm", kHidden, kOne, kBoth, kModel},
    {"h.{}.ln_1", "blk.{}.attn_norm", kHidden, kOne, kBoth},
    {"h.{}.attn.c_attn", "blk.{}.attn_qkv", kQkv, kHidden, kBoth, kLayer, Change::kTranspose},
    {"h.{}.attn.c_proj", "blk.{}.attn_output", kHidden, kHidden, kBoth, kLayer, Change::kTranspose},
    {"h.{}.ln_2", "blk.{}.ffn_norm", kHidden, kOne, kBoth},
    {"h.{}.mlp.c_fc", "blk.{}.ffn_up", kFfn, kHidden, kBoth, kLayer, Change::kTranspose},
    {"h.{}.mlp.c_proj", "blk.{}.ffn_down", kHidden, kFfn, kBoth, kLayer, Change::kTranspose},
};
constexpr std::string_view kGpt2Ignored[] = {"lm_head.weight", "*h.*.attn.bias",
                                             "*h.*.attn.masked_bias"};

void TranslateGpt2(const Translation& t) {
  TranslateSizes(t);
  TranslateLayerEpsilon(t, {"layer_norm_epsilon"}, 1e-5F);
  ReadActivation(t, {"activation_function"}, "gelu_new", {"gelu_new"});
  t.config.RequireFlag("scale_attn_weights", true, true);
  t.config.RequireFlag("scale_attn_by_inverse_layer_idx", false, false);
  t.config.RequireFlag("add_cross_attention", false, false);
}

// --- GPT-NeoX and Pythia.

constexpr TensorRule kNeoxBody[] = {
    {"embed_in", "token_embd", kVocabulary, kHidden, kWeight, kModel},
    {"final_layer_norm", "output_norm", kHidden, kOne, kBoth, kModel},
    {"layers.{}.input_layernorm", "blk.{}.attn_norm", kHidden, kOne, kBoth},
    {"layers.{}.attention.query_key_value", "blk.{}.attn_qkv", kQkv, kHidden, kMaybeBias, kLayer,
     Change::kSplitHeads},
    {"layers.{}.attention.dense", "blk.{}.attn_output", kHidden, kHidden, kMaybeBias},
    {"layers.{}.post_attention_layernorm", "blk.{}.ffn_norm", kHidden, kOne, kBoth},
    {"layers.{}.mlp.dense_h_to_4h", "blk.{}.ffn_up", kFfn, kHidden, kBoth},
    {"layers.{}.mlp.dense_4h_to_h", "blk.{}.ffn_down", kHidden, kFfn, kBoth},
    {"embed_in", "output", kVocabulary, kHidden, kWeight, kModel, Change::kNone, kTied},
};
constexpr TensorRule kNeoxHead[] = {
    {"embed_out", "output", kVocabulary, kHidden, kWeight, kModel, Change::kNone, kUntied},
};
constexpr std::string_view kNeoxIgnored[] = {"embed_out.weight", "*.attention.bias",
                                             "*.attention.masked_bias", "*.rotary_emb.inv_freq"};

void TranslateNeox(const Translation& t) {
  TranslateSizes(t);
  TranslateLayerEpsilon(t, {"layer_norm_eps"}, 1e-5F);
  t.Set("activation", std::string(ReadActivation(t, {"hidden_act"}, "gelu", {"gelu", "gelu_new"})));
  t.Set("use_parallel_residual", t.config.Flag({"use_parallel_residual"}, true));
  SetRotated(t, t.config.Number({"rotary_pct", "partial_rotary_factor"}, 0.25F));
  TranslateRope(t, 10000.0F);
}

// --- Phi 1, 1.5 and 2: one norm, attention and feed-forward beside each other.

constexpr TensorRule kPhiBody[] = {
    {"embed_tokens", "token_embd", kVocabulary, kHidden, kWeight, kModel},
    {"final_layernorm", "output_norm", kHidden, kOne, kBoth, kModel},
    {"layers.{}.input_layernorm", "blk.{}.attn_norm", kHidden, kOne, kBoth},
    {"layers.{}.self_attn.q_proj", "blk.{}.attn_q", kQuery, kHidden, kBoth},
    {"layers.{}.self_attn.k_proj", "blk.{}.attn_k", kKey, kHidden, kBoth},
    {"layers.{}.self_attn.v_proj", "blk.{}.attn_v", kKey, kHidden, kBoth},
    {"layers.{}.self_attn.dense", "blk.{}.attn_output", kHidden, kQuery, kBoth},
    {"layers.{}.mlp.fc1", "blk.{}.ffn_up", kFfn, kHidden, kBoth},
    {"layers.{}.mlp.fc2", "blk.{}.ffn_down", kHidden, kFfn, kBoth},
};

void TranslatePhi(const Translation& t) {
  TranslateSizes(t);
  TranslateLayerEpsilon(t, {"layer_norm_eps"}, 1e-5F);
  ReadActivation(t, {"hidden_act"}, "gelu_new", {"gelu_new"});
  t.config.RequireFlag("qk_layernorm", false, false);
  SetRotated(t, t.config.Number({"partial_rotary_factor"}, 0.5F));
  TranslateRope(t, 10000.0F);
}

// --- StableLM: gated, layer norms; those of heads have weights of each head's own.

constexpr TensorRule kStableLmBody[] = {
    {"embed_tokens", "token_embd", kVocabulary, kHidden, kWeight, kModel},
    {"norm", "output_norm", kHidden, kOne, kBoth, kModel},
    {"layers.{}.input_layernorm", "blk.{}.attn_norm", kHidden, kOne, kBoth},
    {"layers.{}.self_attn.q_layernorm.norms.[]", "blk.{}.attn_q_norm", kHeads, kHeadDim, kWeight,
     kLayer, Change::kStackHeads, kAlways, true},
    {"layers.{}.self_attn.k_layernorm.norms.[]", "blk.{}.attn_k_norm", kKeyHeads, kHeadDim, kWeight,
     kLayer, Change::kStackHeads, kAlways, true},
    {"layers.{}.self_attn.v_proj", "blk.{}.attn_v", kKey, kHidden, kMaybeBias},
    {"layers.{}.self_attn.o_proj", "blk.{}.attn_output", kHidden, kQuery},
    {"layers.{}.post_attention_layernorm", "blk.{}.ffn_norm", kHidden, kOne, kBoth, kLayer,
     Change::kNone, kAlways, true},
    {"layers.{}.mlp.gate_proj", "blk.{}.ffn_gate", kFfn, kHidden},
    {"layers.{}.mlp.up_proj", "blk.{}.ffn_up", kFfn, kHidden},
    {"layers.{}.mlp.down_proj", "blk.{}.ffn_down", kHidden, kFfn},
};

void TranslateStableLm(const Translation& t) {
  TranslateSizes(t);
  TranslateLayerEpsilon(t, {"layer_norm_eps"}, 1e-5F);
  ReadActivation(t, {"hidden_act"}, "silu", {"silu"});
  t.Set("use_parallel_residual", t.config.Flag({"use_parallel_residual"}, false));
  SetRotated(t, t.config.Number({"partial_rotary_factor"}, 0.25F));
  TranslateRope(t, 10000.0F);
}

constexpr std::array<std::string_view, 2> kModelDot = {"model.", ""};

constexpr Architecture kRows[] = {
    {"llama",
     "Llama",
     "llama",
     TranslateLlama,
     kModelDot,
     {kLlamaBody, kInterleavedQueryKey},
     kOutputHead,
     kIgnored},
    {"mistral",
     "Mistral",
     "llama",
     TranslateLlama,
     kModelDot,
     {kLlamaBody, kInterleavedQueryKey},
     kOutputHead,
     kIgnored},
    {"qwen2",
     "Qwen2",
     "qwen2",
     TranslateLlama,
     kModelDot,
     {kLlamaBody, kQueryKey},
     kOutputHead,
     kIgnored},
    {"qwen3",
     "Qwen3",
     "qwen3",
     TranslateLlama,
     kModelDot,
     {kLlamaBody, kQueryKey, kHeadNorms},
     kOutputHead,
     kIgnored},
    {"gemma",
     "GemmaFor",
     "gemma",
     TranslateGemma,
     kModelDot,
     {kGemmaBody, kGemmaNorm},
     kOutputHead,
     kIgnored,
     true},
    {"gemma2",
     "Gemma2",
     "gemma2",
     TranslateGemma2,
     kModelDot,
     {kGemmaBody, kGemma2Norms},
     kOutputHead,
     kIgnored,
     true},
    {"gemma3_text",
     "Gemma3ForCausalLM",
     "gemma3",
     TranslateGemma3,
     kModelDot,
     {kGemmaBody, kGemma2Norms, kGemma3HeadNorms},
     kOutputHead,
     kIgnored,
     true},
    {"phi3", "Phi3", "phi3", TranslatePhi3, kModelDot, {kPhi3Body}, kOutputHead, kIgnored},
    {"gpt2",
     "GPT2",
     "gpt2",
     TranslateGpt2,
     {"transformer.", ""},
     {kGpt2Body},
     kOutputHead,
     kGpt2Ignored,
     true},
    {"gpt_neox",
     "GPTNeoX",
     "gptneox",
     TranslateNeox,
     {"gpt_neox.", ""},
     {kNeoxBody},
     kNeoxHead,
     kNeoxIgnored},
    {"phi",
     "PhiFor",
     "phi2",
     TranslatePhi,
     kModelDot,
     {kPhiBody, kOutputOfEmbedding},
     kOutputHead,
     kIgnored},
    {"stablelm",
     "StableLm",
     "stablelm",
     TranslateStableLm,
     kModelDot,
     {kStableLmBody, kQueryKey, kOutputOfEmbedding},
     kOutputHead,
     kIgnored},
};

}  // namespace

std::span<const Architecture> DecoderArchitectures() {
  return kRows;
}

}  // namespace fovea::model
