// Encoder-decoders. T5 has GGUF's keys and names; BART and Marian have names of ours in the same
// scheme. Keys have the architecture's name in front ("t5.", "bart.", "marian.").
//
// t5 (T5, Flan-T5, mT5), t5encoder
//   keys     block_count, decoder_block_count, context_length, embedding_length,
//            feed_forward_length, vocab_size, attention.head_count, attention.key_length,
//            attention.value_length, attention.layer_norm_rms_epsilon and .layer_norm_epsilon (the
//            same), attention.relative_buckets_count, attention.relative_max_distance,
//            decoder_start_token_id, activation ("relu", "gelu", "gelu_new", "silu")
//   tensors  token_embd; enc.blk.N.attn_norm, .attn_{q,k,v,o}, .attn_rel_b (first layer,
//            [buckets, heads]), .ffn_norm, .ffn_gate (gated ones only), .ffn_up, .ffn_down;
//            enc.output_norm; dec.blk.N.* alike with .cross_attn_norm and .cross_attn_{q,k,v,o};
//            dec.output_norm; output where it is not token_embd
// bart, marian
//   keys     block_count, decoder_block_count, context_length, embedding_length,
//            feed_forward_length, decoder_feed_forward_length, vocab_size, attention.head_count,
//            decoder_attention.head_count, attention.layer_norm_epsilon, embedding_scale (what
//            token embeddings are multiplied by), decoder_start_token_id, activation ("gelu",
//            "gelu_new", "relu", "silu"), and where the configuration has them
//            forced_bos_token_id, forced_eos_token_id, suppressed_token_ids (never generated)
//   tensors  token_embd; enc.position_embd and enc.token_embd_norm (bart),
//   enc.blk.N.attn_{q,k,v,o},
//            .attn_output_norm, .ffn_up, .ffn_down, .layer_output_norm; dec.* alike with
//            .cross_attn_{q,k,v,o} and .cross_attn_output_norm; output.bias; output.weight where it
//            is not token_embd
// All have .weight, and .bias but for T5. bart's positions begin with the first that a token can
// have.
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/model/load/folder/architecture.h"
#include "engine/model/load/folder/translate.h"

namespace fovea::model {
namespace {

using enum Dim;
constexpr Scope kModel = Scope::kModel;
constexpr Scope kLayer = Scope::kLayer;
constexpr Scope kDecoder = Scope::kDecoderLayer;
constexpr Part kWeight = Part::kWeight;
constexpr Part kBoth = Part::kWeightAndBias;
constexpr Part kWhole = Part::kWhole;
constexpr Change kAsIs = Change::kNone;

// --- T5.

constexpr TensorRule kT5Encoder[] = {
    {"shared", "token_embd", kVocabulary, kHidden, kWeight, kModel},
    {"encoder.final_layer_norm", "enc.output_norm", kHidden, kOne, kWeight, kModel},
    {"encoder.block.0.layer.0.SelfAttention.relative_attention_bias", "enc.blk.0.attn_rel_b",
     kBuckets, kHeads, kWeight, kModel},
    {"encoder.block.{}.layer.0.layer_norm", "enc.blk.{}.attn_norm"},
    {"encoder.block.{}.layer.0.SelfAttention.q", "enc.blk.{}.attn_q", kQuery, kHidden},
    {"encoder.block.{}.layer.0.SelfAttention.k", "enc.blk.{}.attn_k", kKey, kHidden},
    {"encoder.block.{}.layer.0.SelfAttention.v", "enc.blk.{}.attn_v", kKey, kHidden},
    {"encoder.block.{}.layer.0.SelfAttention.o", "enc.blk.{}.attn_o", kHidden, kQuery},
    {"encoder.block.{}.layer.1.layer_norm", "enc.blk.{}.ffn_norm"},
    {"encoder.block.{}.layer.1.DenseReluDense.wi", "enc.blk.{}.ffn_up", kFfn, kHidden, kWeight,
     kLayer, kAsIs, kUngated},
    {"encoder.block.{}.layer.1.DenseReluDense.wi_0", "enc.blk.{}.ffn_gate", kFfn, kHidden, kWeight,
     kLayer, kAsIs, kGated},
    {"encoder.block.{}.layer.1.DenseReluDense.wi_1", "enc.blk.{}.ffn_up", kFfn, kHidden, kWeight,
     kLayer, kAsIs, kGated},
    {"encoder.block.{}.layer.1.DenseReluDense.wo", "enc.blk.{}.ffn_down", kHidden, kFfn},
};
constexpr TensorRule kT5Decoder[] = {
    {"decoder.final_layer_norm", "dec.output_norm", kHidden, kOne, kWeight, kModel},
    {"decoder.block.0.layer.0.SelfAttention.relative_attention_bias", "dec.blk.0.attn_rel_b",
     kBuckets, kHeads, kWeight, kModel},
    {"decoder.block.{}.layer.0.layer_norm", "dec.blk.{}.attn_norm", kHidden, kOne, kWeight,
     kDecoder},
    {"decoder.block.{}.layer.0.SelfAttention.q", "dec.blk.{}.attn_q", kQuery, kHidden, kWeight,
     kDecoder},
    {"decoder.block.{}.layer.0.SelfAttention.k", "dec.blk.{}.attn_k", kKey, kHidden, kWeight,
     kDecoder},
    {"decoder.block.{}.layer.0.SelfAttention.v", "dec.blk.{}.attn_v", kKey, kHidden, kWeight,
     kDecoder},
    {"decoder.block.{}.layer.0.SelfAttention.o", "dec.blk.{}.attn_o", kHidden, kQuery, kWeight,
     kDecoder},
    {"decoder.block.{}.layer.1.layer_norm", "dec.blk.{}.cross_attn_norm", kHidden, kOne, kWeight,
     kDecoder},
    {"decoder.block.{}.layer.1.EncDecAttention.q", "dec.blk.{}.cross_attn_q", kQuery, kHidden,
     kWeight, kDecoder},
    {"decoder.block.{}.layer.1.EncDecAttention.k", "dec.blk.{}.cross_attn_k", kKey, kHidden,
     kWeight, kDecoder},
    {"decoder.block.{}.layer.1.EncDecAttention.v", "dec.blk.{}.cross_attn_v", kKey, kHidden,
     kWeight, kDecoder},
    {"decoder.block.{}.layer.1.EncDecAttention.o", "dec.blk.{}.cross_attn_o", kHidden, kQuery,
     kWeight, kDecoder},
    {"decoder.block.{}.layer.2.layer_norm", "dec.blk.{}.ffn_norm", kHidden, kOne, kWeight,
     kDecoder},
    {"decoder.block.{}.layer.2.DenseReluDense.wi", "dec.blk.{}.ffn_up", kFfn, kHidden, kWeight,
     kDecoder, kAsIs, kUngated},
    {"decoder.block.{}.layer.2.DenseReluDense.wi_0", "dec.blk.{}.ffn_gate", kFfn, kHidden, kWeight,
     kDecoder, kAsIs, kGated},
    {"decoder.block.{}.layer.2.DenseReluDense.wi_1", "dec.blk.{}.ffn_up", kFfn, kHidden, kWeight,
     kDecoder, kAsIs, kGated},
    {"decoder.block.{}.layer.2.DenseReluDense.wo", "dec.blk.{}.ffn_down", kHidden, kFfn, kWeight,
     kDecoder},
};
constexpr TensorRule kT5Head[] = {
    {"lm_head", "output", kVocabulary, kHidden, kWeight, kModel, kAsIs, kUntied},
};
// The cross-attention of the first layer has biases in old files that no code reads.
constexpr std::string_view kT5Ignored[] = {
    "lm_head.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight",
    "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"};

/// generation_config.json's opinion comes first.
std::optional<std::size_t> FindId(const Translation& t, std::string_view name) {
  const auto id = t.generation.FindSize({name}, 0, kMaxFolderContext);
  return id ? id : t.config.FindSize({name}, 0, kMaxFolderContext);
}

void SetDecoderStart(const Translation& t) {
  const auto start = FindId(t, "decoder_start_token_id");
  if (!start) t.config.Fail(StatusCode::kNotFound, "decoder_start_token_id", "is missing");
  t.Set("decoder_start_token_id", start.value_or(0));
}

void TranslateT5Encoder(const Translation& t) {
  const ConfigSection& c = t.config;
  Facts& f = *t.facts;
  TranslateSizes(t);
  t.Set("attention.key_length", f[kHeadDim]);
  t.Set("attention.value_length", f[kHeadDim]);
  TranslateRmsEpsilon(t, {"layer_norm_epsilon"}, 1e-6F);
  TranslateLayerEpsilon(t, {"layer_norm_epsilon"}, 1e-6F);
  f[kBuckets] = c.Size({"relative_attention_num_buckets"}, kMaxFolderWidth, 32);
  t.Set("attention.relative_buckets_count", f[kBuckets]);
  t.Set("attention.relative_max_distance",
        c.Size({"relative_attention_max_distance"}, kMaxFolderContext, 128));
  const std::string_view projection = c.Text({"feed_forward_proj"}, "relu");
  constexpr struct {
    std::string_view name;
    std::string_view activation;
    bool gated;
  } kProjections[] = {{"relu", "relu", false},
                      {"gelu", "gelu", false},
                      {"gated-gelu", "gelu_new", true},
                      {"gated-silu", "silu", true}};
  for (const auto& row : kProjections) {
    if (row.name != projection) continue;
    t.Set("activation", std::string(row.activation));
    f.conditions |= row.gated ? kGated : kUngated;
    return;
  }
  c.Fail(StatusCode::kUnsupported, "feed_forward_proj",
         "is not known; supported are relu, gelu, gated-gelu, gated-silu");
}

void TranslateT5(const Translation& t) {
  Facts& f = *t.facts;
  TranslateT5Encoder(t);
  f.decoder_layers = t.config.Size({"num_decoder_layers"}, kMaxFolderLayers, f.layers);
  t.Set("decoder_block_count", f.decoder_layers);
  SetDecoderStart(t);
}

// --- BART and Marian.

constexpr TensorRule kBartModel[] = {
    {"shared", "token_embd", kVocabulary, kHidden, kWeight, kModel},
    {"encoder.layernorm_embedding", "enc.token_embd_norm", kHidden, kOne, kBoth, kModel},
    {"decoder.layernorm_embedding", "dec.token_embd_norm", kHidden, kOne, kBoth, kModel},
    {"encoder.embed_positions", "enc.position_embd", kPositions, kHidden, kWeight, kModel,
     Change::kSkipRows},
    {"decoder.embed_positions", "dec.position_embd", kPositions, kHidden, kWeight, kModel,
     Change::kSkipRows},
};
constexpr TensorRule kMarianModel[] = {
    {"shared", "token_embd", kVocabulary, kHidden, kWeight, kModel},
};
constexpr TensorRule kBartEncoder[] = {
    {"encoder.layers.{}.self_attn.q_proj", "enc.blk.{}.attn_q", kQuery, kHidden, kBoth},
    {"encoder.layers.{}.self_attn.k_proj", "enc.blk.{}.attn_k", kKey, kHidden, kBoth},
    {"encoder.layers.{}.self_attn.v_proj", "enc.blk.{}.attn_v", kKey, kHidden, kBoth},
    {"encoder.layers.{}.self_attn.out_proj", "enc.blk.{}.attn_o", kHidden, kQuery, kBoth},
    {"encoder.layers.{}.self_attn_layer_norm", "enc.blk.{}.attn_output_norm", kHidden, kOne, kBoth},
    {"encoder.layers.{}.fc1", "enc.blk.{}.ffn_up", kFfn, kHidden, kBoth},
    {"encoder.layers.{}.fc2", "enc.blk.{}.ffn_down", kHidden, kFfn, kBoth},
    {"encoder.layers.{}.final_layer_norm", "enc.blk.{}.layer_output_norm", kHidden, kOne, kBoth},
};
constexpr TensorRule kBartDecoder[] = {
    {"decoder.layers.{}.self_attn.q_proj", "dec.blk.{}.attn_q", kHidden, kHidden, kBoth, kDecoder},
    {"decoder.layers.{}.self_attn.k_proj", "dec.blk.{}.attn_k", kHidden, kHidden, kBoth, kDecoder},
    {"decoder.layers.{}.self_attn.v_proj", "dec.blk.{}.attn_v", kHidden, kHidden, kBoth, kDecoder},
    {"decoder.layers.{}.self_attn.out_proj", "dec.blk.{}.attn_o", kHidden, kHidden, kBoth,
     kDecoder},
    {"decoder.layers.{}.self_attn_layer_norm", "dec.blk.{}.attn_output_norm", kHidden, kOne, kBoth,
     kDecoder},
    {"decoder.layers.{}.encoder_attn.q_proj", "dec.blk.{}.cross_attn_q", kHidden, kHidden, kBoth,
     kDecoder},
    {"decoder.layers.{}.encoder_attn.k_proj", "dec.blk.{}.cross_attn_k", kHidden, kHidden, kBoth,
     kDecoder},
    {"decoder.layers.{}.encoder_attn.v_proj", "dec.blk.{}.cross_attn_v", kHidden, kHidden, kBoth,
     kDecoder},
    {"decoder.layers.{}.encoder_attn.out_proj", "dec.blk.{}.cross_attn_o", kHidden, kHidden, kBoth,
     kDecoder},
    {"decoder.layers.{}.encoder_attn_layer_norm", "dec.blk.{}.cross_attn_output_norm", kHidden,
     kOne, kBoth, kDecoder},
    {"decoder.layers.{}.fc1", "dec.blk.{}.ffn_up", kDecoderFfn, kHidden, kBoth, kDecoder},
    {"decoder.layers.{}.fc2", "dec.blk.{}.ffn_down", kHidden, kDecoderFfn, kBoth, kDecoder},
    {"decoder.layers.{}.final_layer_norm", "dec.blk.{}.layer_output_norm", kHidden, kOne, kBoth,
     kDecoder},
};
constexpr TensorRule kBartHead[] = {
    {"final_logits_bias", "output.bias", kVocabulary, kOne, kWhole, kModel, kAsIs, kAlways, true},
    {"lm_head", "output", kVocabulary, kHidden, kWeight, kModel, kAsIs, kUntied},
};
constexpr std::string_view kBartIgnored[] = {"lm_head.weight", "*encoder.embed_tokens.weight",
                                             "*decoder.embed_tokens.weight"};
// Positions are sines and cosines that the engine computes itself.
constexpr std::string_view kMarianIgnored[] = {"lm_head.weight", "*encoder.embed_tokens.weight",
                                               "*decoder.embed_tokens.weight",
                                               "*.embed_positions.weight"};

void TranslateTwoStacks(const Translation& t) {
  const ConfigSection& c = t.config;
  Facts& f = *t.facts;
  TranslateSizes(t);
  t.Set("attention.layer_norm_epsilon", 1e-5F);  // No configuration states it.
  f.decoder_layers = c.Size({"decoder_layers"}, kMaxFolderLayers, f.layers);
  f[kDecoderFfn] = c.Size({"decoder_ffn_dim"}, kMaxFolderWidth, f[kFfn]);
  const std::size_t heads = c.Size({"decoder_attention_heads"}, kMaxFolderHeads, f[kHeads]);
  if (f[kHidden] % heads != 0) {
    c.Fail(StatusCode::kMalformed, "decoder_attention_heads", "does not divide d_model");
  }
  t.Set("decoder_block_count", f.decoder_layers);
  t.Set("decoder_feed_forward_length", f[kDecoderFfn]);
  t.Set("decoder_attention.head_count", heads);
  t.Set("activation", std::string(ReadActivation(t, {"activation_function"}, "gelu",
                                                 {"gelu", "gelu_new", "relu", "silu"})));
  const bool scaled = c.Flag({"scale_embedding"}, false);
  t.Set("embedding_scale", scaled ? std::sqrt(static_cast<float>(f[kHidden])) : 1.0F);
  SetDecoderStart(t);
  for (const std::string_view name : {"forced_bos_token_id", "forced_eos_token_id"}) {
    if (const auto id = FindId(t, name)) t.Set(name, *id);
  }
  for (const std::string_view name : {"normalize_before", "add_final_layer_norm"}) {
    c.RequireFlag(name, false, false);
  }
}

void TranslateBart(const Translation& t) {
  TranslateTwoStacks(t);
  t.config.RequireFlag("normalize_embedding", true, true);
  t.config.RequireFlag("static_position_embeddings", false, false);
  t.facts->skipped = 2;
}

void TranslateMarian(const Translation& t) {
  const ConfigSection& c = t.config;
  TranslateTwoStacks(t);
  c.RequireFlag("normalize_embedding", false, false);
  c.RequireFlag("static_position_embeddings", true, true);
  c.RequireFlag("share_encoder_decoder_embeddings", true, true);
  Metadata::Integers suppressed;
  const auto generated = t.generation.Find({"bad_words_ids"});
  if (const auto words = generated ? generated : c.Find({"bad_words_ids"})) {
    for (const auto& [key, word] : words->members()) {
      for (const auto& [inner, id] : word.members()) {
        const auto number = id.Integer();
        // Words of several tokens would have to be watched for; Marian's are single ones.
        if (number && word.size() == 1) suppressed.push_back(*number);
      }
    }
  }
  if (!suppressed.empty()) t.Set("suppressed_token_ids", std::move(suppressed));
}

constexpr std::array<std::string_view, 2> kNoPrefix = {"", ""};
constexpr std::array<std::string_view, 2> kModelDot = {"model.", ""};

constexpr std::array<std::string_view, 2> kStacks = {"encoder.embed_tokens",
                                                     "decoder.embed_tokens"};

constexpr Architecture kRows[] = {
    {"t5",
     "T5EncoderModel",
     "t5encoder",
     TranslateT5Encoder,
     kNoPrefix,
     {kT5Encoder},
     {},
     kT5Ignored,
     true,
     "T5EncoderModel",
     kStacks},
    {"mt5",
     "MT5EncoderModel",
     "t5encoder",
     TranslateT5Encoder,
     kNoPrefix,
     {kT5Encoder},
     {},
     kT5Ignored,
     true,
     "MT5EncoderModel",
     kStacks},
    {"t5",
     "T5",
     "t5",
     TranslateT5,
     kNoPrefix,
     {kT5Encoder, kT5Decoder},
     kT5Head,
     kT5Ignored,
     true,
     "",
     kStacks},
    {"mt5",
     "MT5",
     "t5",
     TranslateT5,
     kNoPrefix,
     {kT5Encoder, kT5Decoder},
     kT5Head,
     kT5Ignored,
     false,
     "",
     kStacks},
    {"bart",
     "Bart",
     "bart",
     TranslateBart,
     kModelDot,
     {kBartModel, kBartEncoder, kBartDecoder},
     kBartHead,
     kBartIgnored,
     true,
     "",
     kStacks},
    {"marian",
     "Marian",
     "marian",
     TranslateMarian,
     kModelDot,
     {kMarianModel, kBartEncoder, kBartDecoder},
     kBartHead,
     kMarianIgnored,
     true,
     "",
     kStacks},
};

}  // namespace

std::span<const Architecture> EncoderDecoderArchitectures() {
  return kRows;
}

}  // namespace fovea::model
