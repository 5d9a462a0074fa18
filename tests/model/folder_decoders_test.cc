// Decoders from folders: the same weights as a GGUF file give the same bits.

#include <gtest/gtest.h>

#include <cmath>
#include <fovea/fovea.hpp>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include "tests/model/folder_and_gguf.h"
#include "tests/model/golden_models.h"
#include "tests/platform/temporary_folder.h"

namespace fovea {
namespace {

using testing::Bytes;
using testing::Floats;
using testing::FolderAndGguf;
using testing::In;

constexpr std::uint64_t kHidden = testing::kTinyHidden;
constexpr std::uint64_t kFfn = testing::kTinyFfn;
constexpr std::uint64_t kVocabulary = testing::kTinyVocabulary;
constexpr std::uint64_t kDim = testing::kTinyHeadDim;
constexpr std::uint64_t kKv = testing::kTinyKvHeads * testing::kTinyHeadDim;
constexpr std::size_t kHeads = testing::kTinyHeads;

/// {"hidden_size": 32, …} and what is given.
std::string Config(const std::string& type, const std::string& more) {
  return R"({"model_type": ")" + type + R"(", "hidden_size": 32, "num_hidden_layers": 3,
    "num_attention_heads": 4, "intermediate_size": 48, "vocab_size": 120,
    "max_position_embeddings": 64, )" +
         more + "}";
}

/// Logits and maps of a text.
std::vector<float> ResultsOf(const Model& model) {
  auto session = Session::Create(model, {.context_size = 48});
  EXPECT_TRUE(session) << session.error().message();
  AttentionRecorder recorder;
  std::vector<float> all;
  auto logits = session->Prefill(
      SomeIds(40),
      {.observer = &recorder, .on_logits = [&](std::size_t, std::span<const float> row) {
         all.insert(all.end(), row.begin(), row.end());
       }});
  EXPECT_TRUE(logits) << logits.error().message();
  for (std::size_t layer = 0; layer < model.info().layers; ++layer) {
    for (std::size_t head = 0; head < model.info().heads; ++head) {
      const auto map = recorder.Map(layer, head);
      for (std::size_t q = 0; q < map.queries; ++q) {
        for (std::size_t k = 0; k < map.keys; ++k) all.push_back(map.At(q, k));
      }
    }
  }
  return all;
}

void ExpectSameBits(const FolderAndGguf& pair, std::size_t shards = 1) {
  const platform::TemporaryFolder folder;
  pair.folder.Write(folder.path(), shards);
  const auto from_folder = Model::Load(folder.path());
  ASSERT_TRUE(from_folder) << from_folder.error().message();
  const Bytes bytes = pair.gguf.Build();
  const auto from_gguf = Model::FromBuffer(bytes);
  ASSERT_TRUE(from_gguf) << from_gguf.error().message();
  EXPECT_EQ(from_folder->info().parameters, from_gguf->info().parameters);
  EXPECT_EQ(from_folder->info().family, from_gguf->info().family);
  EXPECT_EQ(from_folder->info().windows, from_gguf->info().windows);
  EXPECT_EQ(ResultsOf(*from_folder), ResultsOf(*from_gguf));
}

/// What Llama and its relatives have besides queries and keys.
void AddGatedLayer(FolderAndGguf& pair, std::size_t i) {
  const std::string from = In("model.layers.", i, "");
  const std::string to = In("blk.", i, "");
  pair.Both(from + "input_layernorm.weight", to + "attn_norm.weight", {kHidden});
  pair.Both(from + "self_attn.v_proj.weight", to + "attn_v.weight", {kKv, kHidden});
  pair.Both(from + "self_attn.o_proj.weight", to + "attn_output.weight", {kHidden, kHidden});
  pair.Both(from + "post_attention_layernorm.weight", to + "ffn_norm.weight", {kHidden});
  pair.Both(from + "mlp.gate_proj.weight", to + "ffn_gate.weight", {kFfn, kHidden});
  pair.Both(from + "mlp.up_proj.weight", to + "ffn_up.weight", {kFfn, kHidden});
  pair.Both(from + "mlp.down_proj.weight", to + "ffn_down.weight", {kHidden, kFfn});
}

void AddEnds(FolderAndGguf& pair, bool output) {
  pair.Both("model.embed_tokens.weight", "token_embd.weight", {kVocabulary, kHidden});
  pair.Both("model.norm.weight", "output_norm.weight", {kHidden});
  if (output) pair.Both("lm_head.weight", "output.weight", {kVocabulary, kHidden});
}

FolderAndGguf Llama(const std::string& type, const std::string& more, bool output = true) {
  FolderAndGguf pair("llama");
  pair.folder.config = Config(
      type, R"("hidden_act": "silu", "rms_norm_eps": 1e-5, "num_key_value_heads": 2)" + more);
  pair.Key("attention.layer_norm_rms_epsilon", 1e-5F).Key("attention.head_count_kv", 2U);
  AddEnds(pair, output);
  for (std::size_t i = 0; i < testing::kTinyLayers; ++i) {
    AddGatedLayer(pair, i);
    for (const auto& [name, to, rows] :
         {std::tuple("q", "attn_q", kHidden), {"k", "attn_k", kKv}}) {
      const std::string from = In("model.layers.", i, "self_attn.") + name + "_proj.weight";
      const Floats& values = pair.Source(from, {rows, kHidden});
      pair.Target(In("blk.", i, to) + ".weight", {rows, kHidden},
                  testing::Interleaved(values, rows / kDim, kHidden));
    }
  }
  return pair;
}

TEST(FolderDecoders, Llama) {
  ExpectSameBits(Llama("llama", ""));
}

TEST(FolderDecoders, LlamaInShards) {
  ExpectSameBits(Llama("llama", ""), 3);
}

TEST(FolderDecoders, MistralWithTiedOutput) {
  ExpectSameBits(
      Llama("mistral", R"(, "tie_word_embeddings": true, "sliding_window": null)", false));
}

TEST(FolderDecoders, MistralWithWindows) {
  FolderAndGguf pair = Llama("mistral", R"(, "sliding_window": 6)");
  pair.Key("attention.sliding_window", 6U);
  ExpectSameBits(pair);
  const platform::TemporaryFolder folder;
  pair.folder.Write(folder.path());
  EXPECT_EQ(Model::Load(folder.path())->info().windows, std::vector<std::size_t>(3, 6));
}

TEST(FolderDecoders, ATiedOutputThatIsStoredIsNotUsed) {
  FolderAndGguf pair = Llama("llama", R"(, "tie_word_embeddings": true)", false);
  pair.folder.Add("lm_head.weight", {kVocabulary, kHidden});
  ExpectSameBits(pair);
}

TEST(FolderDecoders, LlamaWithLinearScaling) {
  FolderAndGguf pair = Llama(
      "llama", R"(, "rope_theta": 5000.0, "rope_scaling": {"type": "linear", "factor": 4.0})");
  pair.Key("rope.freq_base", 5000.0F).Key("rope.scaling.type", "linear");
  pair.Key("rope.scaling.factor", 4.0F);
  ExpectSameBits(pair);
}

TEST(FolderDecoders, LlamaWithYarn) {
  FolderAndGguf pair = Llama("llama", R"(, "rope_parameters": {"rope_type": "yarn", "factor": 4.0,
      "rope_theta": 20000.0, "original_max_position_embeddings": 16})");
  pair.Key("rope.freq_base", 20000.0F).Key("rope.scaling.type", "yarn");
  pair.Key("rope.scaling.factor", 4.0F).Key("rope.scaling.original_context_length", 16U);
  ExpectSameBits(pair);
}

TEST(FolderDecoders, LlamaWithTheScalingOfLlama3) {
  FolderAndGguf pair = Llama("llama", R"(, "rope_theta": 500.0, "rope_scaling": {
      "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
      "original_max_position_embeddings": 128}, "tie_word_embeddings": false)");
  pair.Key("rope.freq_base", 500.0F);
  Floats factors;
  for (std::size_t i = 0; i < kDim / 2; ++i) {
    // As the converter has it: by wavelengths.
    const double wavelength =
        2.0 * std::numbers::pi * std::pow(500.0, 2.0 * static_cast<double>(i) / kDim);
    double factor = 1.0;
    if (wavelength > 128.0 / 1.0) {
      factor = 8.0;
    } else if (wavelength >= 128.0 / 4.0) {
      const double smooth = (128.0 / wavelength - 1.0) / (4.0 - 1.0);
      factor = 1.0 / ((1.0 - smooth) / 8.0 + smooth);
    }
    factors.push_back(static_cast<float>(factor));
  }
  EXPECT_EQ(factors.front(), 1.0F);
  EXPECT_EQ(factors.back(), 8.0F);
  pair.Target("rope_freqs.weight", {kDim / 2}, factors);
  ExpectSameBits(pair);
}

FolderAndGguf Qwen(const std::string& name, bool biases, bool head_norms) {
  FolderAndGguf pair(name);
  pair.folder.config = Config(name, R"("rms_norm_eps": 1e-6, "num_key_value_heads": 2,
      "rope_theta": 1000000.0, "use_sliding_window": false, "sliding_window": 16)");
  pair.Key("attention.layer_norm_rms_epsilon", 1e-6F).Key("attention.head_count_kv", 2U);
  pair.Key("rope.freq_base", 1000000.0F);
  AddEnds(pair, true);
  for (std::size_t i = 0; i < testing::kTinyLayers; ++i) {
    AddGatedLayer(pair, i);
    const std::string from = In("model.layers.", i, "self_attn.");
    const std::string to = In("blk.", i, "");
    pair.Both(from + "q_proj.weight", to + "attn_q.weight", {kHidden, kHidden});
    pair.Both(from + "k_proj.weight", to + "attn_k.weight", {kKv, kHidden});
    if (biases) {
      pair.Both(from + "q_proj.bias", to + "attn_q.bias", {kHidden});
      pair.Both(from + "k_proj.bias", to + "attn_k.bias", {kKv});
      pair.Both(from + "v_proj.bias", to + "attn_v.bias", {kKv});
    }
    if (head_norms) {
      pair.Both(from + "q_norm.weight", to + "attn_q_norm.weight", {kDim});
      pair.Both(from + "k_norm.weight", to + "attn_k_norm.weight", {kDim});
    }
  }
  return pair;
}

TEST(FolderDecoders, Qwen2) {
  ExpectSameBits(Qwen("qwen2", true, false));
}

TEST(FolderDecoders, Qwen3) {
  ExpectSameBits(Qwen("qwen3", false, true));
}

TEST(FolderDecoders, QwenWithWindowsInItsLastLayers) {
  FolderAndGguf pair = Qwen("qwen2", true, false);
  const std::string off = R"("use_sliding_window": false)";
  pair.folder.config.replace(pair.folder.config.find(off), off.size(),
                             R"("use_sliding_window": true, "max_window_layers": 1)");
  pair.Key("attention.sliding_window", 16U);
  pair.gguf.Add("qwen2.attention.sliding_window_pattern", std::vector<std::uint8_t>{0, 1, 1});
  ExpectSameBits(pair);
}

/// Norms of the folder are those of the file minus one.
void AddGemmaNorm(FolderAndGguf& pair, const std::string& from, const std::string& to,
                  std::uint64_t size) {
  pair.Target(to, {size}, testing::PlusOne(pair.Source(from, {size})));
}

FolderAndGguf Gemma(const std::string& type, const std::string& name, bool second, bool head_norms,
                    const std::string& more) {
  FolderAndGguf pair(name);
  pair.folder.config = Config(type, R"("rms_norm_eps": 1e-6, "num_key_value_heads": 2,
      "head_dim": 8, "hidden_activation": "gelu_pytorch_tanh")" +
                                        more);
  pair.Key("attention.layer_norm_rms_epsilon", 1e-6F).Key("attention.head_count_kv", 2U);
  pair.Key("attention.key_length", 8U).Key("attention.value_length", 8U);
  pair.Both("model.embed_tokens.weight", "token_embd.weight", {kVocabulary, kHidden});
  AddGemmaNorm(pair, "model.norm.weight", "output_norm.weight", kHidden);
  for (std::size_t i = 0; i < testing::kTinyLayers; ++i) {
    const std::string from = In("model.layers.", i, "");
    const std::string to = In("blk.", i, "");
    AddGemmaNorm(pair, from + "input_layernorm.weight", to + "attn_norm.weight", kHidden);
    AddGemmaNorm(pair, from + "post_attention_layernorm.weight",
                 to + (second ? "post_attention_norm.weight" : "ffn_norm.weight"), kHidden);
    if (second) {
      AddGemmaNorm(pair, from + "pre_feedforward_layernorm.weight", to + "ffn_norm.weight",
                   kHidden);
      AddGemmaNorm(pair, from + "post_feedforward_layernorm.weight", to + "post_ffw_norm.weight",
                   kHidden);
    }
    if (head_norms) {
      AddGemmaNorm(pair, from + "self_attn.q_norm.weight", to + "attn_q_norm.weight", kDim);
      AddGemmaNorm(pair, from + "self_attn.k_norm.weight", to + "attn_k_norm.weight", kDim);
    }
    pair.Both(from + "self_attn.q_proj.weight", to + "attn_q.weight", {kHidden, kHidden});
    pair.Both(from + "self_attn.k_proj.weight", to + "attn_k.weight", {kKv, kHidden});
    pair.Both(from + "self_attn.v_proj.weight", to + "attn_v.weight", {kKv, kHidden});
    pair.Both(from + "self_attn.o_proj.weight", to + "attn_output.weight", {kHidden, kHidden});
    pair.Both(from + "mlp.gate_proj.weight", to + "ffn_gate.weight", {kFfn, kHidden});
    pair.Both(from + "mlp.up_proj.weight", to + "ffn_up.weight", {kFfn, kHidden});
    pair.Both(from + "mlp.down_proj.weight", to + "ffn_down.weight", {kHidden, kFfn});
  }
  return pair;
}

TEST(FolderDecoders, Gemma) {
  ExpectSameBits(Gemma("gemma", "gemma", false, false, ""));
}

TEST(FolderDecoders, Gemma2) {
  FolderAndGguf pair = Gemma("gemma2", "gemma2", true, false, R"(, "sliding_window": 6,
      "attn_logit_softcapping": 20.0, "final_logit_softcapping": null,
      "query_pre_attn_scalar": 16)");
  pair.Key("attention.sliding_window", 6U).Key("attn_logit_softcapping", 20.0F);
  pair.Key("final_logit_softcapping", 0.0F).Key("attention.scale", 0.25F);
  ExpectSameBits(pair);
}

TEST(FolderDecoders, Gemma3) {
  FolderAndGguf pair = Gemma("gemma3_text", "gemma3", true, true, R"(, "sliding_window": 6,
      "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
      "query_pre_attn_scalar": 8, "rope_theta": 1000000.0, "rope_local_base_freq": 5000.0)");
  pair.Key("attention.sliding_window", 6U).Key("rope.freq_base", 1000000.0F);
  pair.gguf.Add("gemma3.attention.sliding_window_pattern", std::vector<std::uint8_t>{1, 0, 1});
  pair.Key("rope.freq_base_swa", 5000.0F);
  ExpectSameBits(pair);
}

TEST(FolderDecoders, Gpt2) {
  FolderAndGguf pair("gpt2");
  pair.folder.config = R"({"model_type": "gpt2", "n_embd": 32, "n_layer": 3, "n_head": 4,
      "n_inner": 48, "n_positions": 64, "n_ctx": 64, "vocab_size": 120,
      "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5})";
  pair.Key("attention.layer_norm_epsilon", 1e-5F);
  pair.Both("transformer.wte.weight", "token_embd.weight", {kVocabulary, kHidden});
  pair.Both("transformer.wpe.weight", "position_embd.weight", {64, kHidden});
  pair.BothWithBias("transformer.ln_f", "output_norm", {kHidden});
  const auto conv = [&pair](const std::string& from, const std::string& to, std::uint64_t inputs,
                            std::uint64_t outputs) {
    const Floats& values = pair.Source(from + ".weight", {inputs, outputs});
    pair.Target(to + ".weight", {outputs, inputs}, testing::Transposed(values, outputs));
    pair.Both(from + ".bias", to + ".bias", {outputs});
  };
  for (std::size_t i = 0; i < testing::kTinyLayers; ++i) {
    const std::string from = In("transformer.h.", i, "");
    const std::string to = In("blk.", i, "");
    pair.BothWithBias(from + "ln_1", to + "attn_norm", {kHidden});
    pair.BothWithBias(from + "ln_2", to + "ffn_norm", {kHidden});
    conv(from + "attn.c_attn", to + "attn_qkv", kHidden, 3 * kHidden);
    conv(from + "attn.c_proj", to + "attn_output", kHidden, kHidden);
    conv(from + "mlp.c_fc", to + "ffn_up", kHidden, kFfn);
    conv(from + "mlp.c_proj", to + "ffn_down", kFfn, kHidden);
    pair.folder.Add(from + "attn.bias", {1, 1, 64, 64});
    pair.folder.Add(from + "attn.masked_bias", {});
  }
  ExpectSameBits(pair);
}

TEST(FolderDecoders, GptNeoX) {
  for (const bool parallel : {true, false}) {
    FolderAndGguf pair("gptneox");
    pair.folder.config =
        Config("gpt_neox", std::string(R"("hidden_act": "gelu_new", "rotary_pct": 0.5,
            "layer_norm_eps": 1e-5, "use_parallel_residual": )") +
                               (parallel ? "true" : "false"));
    pair.Key("attention.layer_norm_epsilon", 1e-5F).Key("rope.dimension_count", 4U);
    pair.Key("use_parallel_residual", parallel);
    pair.Both("gpt_neox.embed_in.weight", "token_embd.weight", {kVocabulary, kHidden});
    pair.Both("embed_out.weight", "output.weight", {kVocabulary, kHidden});
    pair.BothWithBias("gpt_neox.final_layer_norm", "output_norm", {kHidden});
    for (std::size_t i = 0; i < testing::kTinyLayers; ++i) {
      const std::string from = In("gpt_neox.layers.", i, "");
      const std::string to = In("blk.", i, "");
      pair.BothWithBias(from + "input_layernorm", to + "attn_norm", {kHidden});
      pair.BothWithBias(from + "post_attention_layernorm", to + "ffn_norm", {kHidden});
      const std::string qkv = from + "attention.query_key_value.";
      const Floats weight = pair.Source(qkv + "weight", {3 * kHidden, kHidden});
      pair.Target(to + "attn_qkv.weight", {3 * kHidden, kHidden},
                  testing::Separated(weight, kHeads));
      const Floats bias = pair.Source(qkv + "bias", {3 * kHidden});
      pair.Target(to + "attn_qkv.bias", {3 * kHidden}, testing::Separated(bias, kHeads));
      pair.BothWithBias(from + "attention.dense", to + "attn_output", {kHidden, kHidden});
      pair.BothWithBias(from + "mlp.dense_h_to_4h", to + "ffn_up", {kFfn, kHidden});
      pair.BothWithBias(from + "mlp.dense_4h_to_h", to + "ffn_down", {kHidden, kFfn});
      pair.folder.Add(from + "attention.rotary_emb.inv_freq", {2});
    }
    ExpectSameBits(pair);
  }
}

FolderAndGguf Phi3(const std::string& more) {
  FolderAndGguf pair("phi3");
  pair.folder.config = Config(
      "phi3", R"("rms_norm_eps": 1e-5, "num_key_value_heads": 2, "sliding_window": 16)" + more);
  pair.Key("attention.layer_norm_rms_epsilon", 1e-5F).Key("attention.head_count_kv", 2U);
  AddEnds(pair, true);
  for (std::size_t i = 0; i < testing::kTinyLayers; ++i) {
    const std::string from = In("model.layers.", i, "");
    const std::string to = In("blk.", i, "");
    pair.Both(from + "input_layernorm.weight", to + "attn_norm.weight", {kHidden});
    pair.Both(from + "self_attn.qkv_proj.weight", to + "attn_qkv.weight",
              {kHidden + 2 * kKv, kHidden});
    pair.Both(from + "self_attn.o_proj.weight", to + "attn_output.weight", {kHidden, kHidden});
    pair.Both(from + "post_attention_layernorm.weight", to + "ffn_norm.weight", {kHidden});
    pair.Both(from + "mlp.gate_up_proj.weight", to + "ffn_up.weight", {2 * kFfn, kHidden});
    pair.Both(from + "mlp.down_proj.weight", to + "ffn_down.weight", {kHidden, kFfn});
  }
  return pair;
}

TEST(FolderDecoders, Phi3) {
  ExpectSameBits(Phi3(""));
}

TEST(FolderDecoders, Phi3WithLongRope) {
  FolderAndGguf pair = Phi3(R"(, "original_max_position_embeddings": 16, "rope_scaling": {
      "type": "longrope", "long_factor": [1.5, 2.5, 3.5, 4.5],
      "short_factor": [1.0, 1.125, 1.25, 1.5]})");
  pair.Key("rope.scaling.original_context_length", 16U);
  pair.Key("rope.scaling.attn_factor",
           static_cast<float>(std::sqrt(1.0 + std::log(4.0) / std::log(16.0))));
  pair.Target("rope_factors_long.weight", {4}, {1.5F, 2.5F, 3.5F, 4.5F});
  pair.Target("rope_factors_short.weight", {4}, {1.0F, 1.125F, 1.25F, 1.5F});
  ExpectSameBits(pair);
}

TEST(FolderDecoders, Phi2) {
  FolderAndGguf pair("phi2");
  pair.folder.config = Config("phi", R"("hidden_act": "gelu_new", "partial_rotary_factor": 0.5,
      "layer_norm_eps": 1e-5)");
  pair.Key("attention.layer_norm_epsilon", 1e-5F).Key("rope.dimension_count", 4U);
  pair.Both("model.embed_tokens.weight", "token_embd.weight", {kVocabulary, kHidden});
  pair.BothWithBias("model.final_layernorm", "output_norm", {kHidden});
  pair.BothWithBias("lm_head", "output", {kVocabulary, kHidden});
  for (std::size_t i = 0; i < testing::kTinyLayers; ++i) {
    const std::string from = In("model.layers.", i, "");
    const std::string to = In("blk.", i, "");
    pair.BothWithBias(from + "input_layernorm", to + "attn_norm", {kHidden});
    pair.BothWithBias(from + "self_attn.q_proj", to + "attn_q", {kHidden, kHidden});
    pair.BothWithBias(from + "self_attn.k_proj", to + "attn_k", {kHidden, kHidden});
    pair.BothWithBias(from + "self_attn.v_proj", to + "attn_v", {kHidden, kHidden});
    pair.BothWithBias(from + "self_attn.dense", to + "attn_output", {kHidden, kHidden});
    pair.BothWithBias(from + "mlp.fc1", to + "ffn_up", {kFfn, kHidden});
    pair.BothWithBias(from + "mlp.fc2", to + "ffn_down", {kHidden, kFfn});
  }
  ExpectSameBits(pair);
}

TEST(FolderDecoders, StableLmWithNormsOfHeads) {
  FolderAndGguf pair("stablelm");
  pair.folder.config = Config("stablelm", R"("partial_rotary_factor": 0.5, "layer_norm_eps": 1e-5,
      "num_key_value_heads": 2, "use_parallel_residual": true, "qk_layernorm": true)");
  pair.Key("attention.layer_norm_epsilon", 1e-5F).Key("rope.dimension_count", 4U);
  pair.Key("attention.head_count_kv", 2U).Key("use_parallel_residual", true);
  pair.Both("model.embed_tokens.weight", "token_embd.weight", {kVocabulary, kHidden});
  pair.BothWithBias("model.norm", "output_norm", {kHidden});
  pair.Both("lm_head.weight", "output.weight", {kVocabulary, kHidden});
  const auto norms = [&pair](const std::string& from, const std::string& to, std::uint64_t heads) {
    Floats rows;
    for (std::uint64_t head = 0; head < heads; ++head) {
      const Floats& row = pair.Source(from + std::to_string(head) + ".weight", {kDim});
      rows.insert(rows.end(), row.begin(), row.end());
    }
    pair.Target(to, {heads, kDim}, rows);
  };
  for (std::size_t i = 0; i < testing::kTinyLayers; ++i) {
    const std::string from = In("model.layers.", i, "");
    const std::string to = In("blk.", i, "");
    pair.BothWithBias(from + "input_layernorm", to + "attn_norm", {kHidden});
    pair.Both(from + "self_attn.q_proj.weight", to + "attn_q.weight", {kHidden, kHidden});
    pair.Both(from + "self_attn.k_proj.weight", to + "attn_k.weight", {kKv, kHidden});
    pair.Both(from + "self_attn.v_proj.weight", to + "attn_v.weight", {kKv, kHidden});
    pair.Both(from + "self_attn.o_proj.weight", to + "attn_output.weight", {kHidden, kHidden});
    norms(from + "self_attn.q_layernorm.norms.", to + "attn_q_norm.weight", kHeads);
    norms(from + "self_attn.k_layernorm.norms.", to + "attn_k_norm.weight", testing::kTinyKvHeads);
    pair.Both(from + "mlp.gate_proj.weight", to + "ffn_gate.weight", {kFfn, kHidden});
    pair.Both(from + "mlp.up_proj.weight", to + "ffn_up.weight", {kFfn, kHidden});
    pair.Both(from + "mlp.down_proj.weight", to + "ffn_down.weight", {kHidden, kFfn});
  }
  ExpectSameBits(pair);
}

TEST(FolderDecoders, WeightsThatAreQuantizedWhileLoadingAreThoseOfAQuantizedFile) {
  const FolderAndGguf pair = Llama("llama", "");
  const platform::TemporaryFolder folder;
  pair.folder.Write(folder.path());
  const Bytes bytes = pair.gguf.Build();
  std::ofstream(folder.File("f32.gguf"), std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  for (const DataType type : {DataType::kQ8_0, DataType::kQ4_0, DataType::kF16}) {
    ASSERT_TRUE(QuantizeFile(folder.File("f32.gguf"), folder.File("q.gguf"), {.type = type}));
    const auto from_gguf = Model::Load(folder.File("q.gguf"));
    ASSERT_TRUE(from_gguf) << from_gguf.error().message();
    const auto from_folder = Model::Load(folder.path(), {.quantize = type});
    ASSERT_TRUE(from_folder) << from_folder.error().message();
    EXPECT_EQ(from_folder->info().weight_type, from_gguf->info().weight_type);
    EXPECT_EQ(from_folder->info().weight_bytes, from_gguf->info().weight_bytes);
    EXPECT_EQ(ResultsOf(*from_folder), ResultsOf(*from_gguf)) << DataTypeName(type);
  }
}

TEST(FolderDecoders, HalfPrecisionStaysAsItIs) {
  for (const char* type : {"F16", "BF16"}) {
    FolderAndGguf pair = Llama("llama", "");
    for (auto& [name, tensor] : pair.folder.tensors) {
      if (tensor.shape.size() == 2) tensor.type = type;
    }
    const platform::TemporaryFolder folder;
    pair.folder.Write(folder.path());
    const auto model = Model::Load(folder.path());
    ASSERT_TRUE(model) << model.error().message();
    EXPECT_EQ(model->info().weight_type, type);
    EXPECT_FALSE(ResultsOf(*model).empty());
  }
}

}  // namespace
}  // namespace fovea
