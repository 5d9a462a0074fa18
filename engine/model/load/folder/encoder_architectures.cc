// Encoders. Where GGUF has an architecture, its keys and names are used; ALBERT and the heads have
// names of ours. Keys have the architecture's name in front ("bert.", "albert.", …).
//
// bert (BERT, RoBERTa, DistilBERT), nomic-bert, modern-bert, albert
//   keys     block_count, context_length, embedding_length, feed_forward_length, vocab_size,
//            attention.head_count, attention.head_count_kv, attention.layer_norm_epsilon,
//            attention.causal (false), activation ("gelu" is the exact one, "gelu_new", "relu",
//            "silu"), pooling_type (0 none, 1 mean, 2 CLS, 3 last) and normalize_embeddings of
//            sentence-transformers, classifier.output_labels and pooler_activation ("tanh", "relu",
//            "gelu") with a classification head; tokenizer.ggml.token_type_count
//            nomic-bert and modern-bert: rope.freq_base, rope.dimension_count
//            modern-bert: rope.freq_base_swa, attention.sliding_window (keys at a distance of half
//            of it are seen), attention.sliding_window_pattern (every so many layers, from the
//            first on, one sees everything) albert: embedding_length_small (width of the
//            embeddings), block_count is how often the one layer runs
//   tensors  token_embd, position_embd, token_types, token_embd_norm
//            blk.N.attn_{q,k,v} or .attn_qkv, .attn_output, .attn_output_norm, .ffn_up, .ffn_down,
//            .layer_output_norm; nomic-bert: .ffn_gate; modern-bert, whose norms come before:
//            .attn_norm (not in the first layer), .ffn_norm, .ffn_up with both halves, output_norm
//            albert: embd_proj [embedding_length, embedding_length_small], blk.0.* alone
//   heads    masked tokens: mlm_dense, mlm_norm, mlm_output.bias, and mlm_output.weight where it is
//            not token_embd. Classes: pooler (dense before the head), cls_head; modern-bert has
//            pooler_norm too.
// All have .weight, and .bias where the model has one. RoBERTa's positions begin with the first
// that a token can have.
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "engine/format/message.h"
#include "engine/model/load/folder/architecture.h"
#include "engine/model/load/folder/translate.h"

namespace fovea::model {
namespace {

using enum Dim;
constexpr Scope kModel = Scope::kModel;
constexpr Scope kLayer = Scope::kLayer;
constexpr Part kWeight = Part::kWeight;
constexpr Part kBoth = Part::kWeightAndBias;
constexpr Part kMaybeBias = Part::kWeightMaybeBias;
constexpr Part kWhole = Part::kWhole;
constexpr Change kAsIs = Change::kNone;

// --- BERT and RoBERTa.

constexpr TensorRule kBertEmbeddings[] = {
    {"embeddings.word_embeddings", "token_embd", kVocabulary, kHidden, kWeight, kModel},
    {"embeddings.position_embeddings", "position_embd", kPositions, kHidden, kWeight, kModel,
     Change::kSkipRows},
    {"embeddings.token_type_embeddings", "token_types", kTypes, kHidden, kWeight, kModel},
    {"embeddings.LayerNorm", "token_embd_norm", kHidden, kOne, kBoth, kModel},
};
constexpr TensorRule kBertLayer[] = {
    {"encoder.layer.{}.attention.self.query", "blk.{}.attn_q", kQuery, kHidden, kBoth},
    {"encoder.layer.{}.attention.self.key", "blk.{}.attn_k", kKey, kHidden, kBoth},
    {"encoder.layer.{}.attention.self.value", "blk.{}.attn_v", kKey, kHidden, kBoth},
    {"encoder.layer.{}.attention.output.dense", "blk.{}.attn_output", kHidden, kQuery, kBoth},
    {"encoder.layer.{}.attention.output.LayerNorm", "blk.{}.attn_output_norm", kHidden, kOne,
     kBoth},
    {"encoder.layer.{}.intermediate.dense", "blk.{}.ffn_up", kFfn, kHidden, kBoth},
    {"encoder.layer.{}.output.dense", "blk.{}.ffn_down", kHidden, kFfn, kBoth},
    {"encoder.layer.{}.output.LayerNorm", "blk.{}.layer_output_norm", kHidden, kOne, kBoth},
};
constexpr TensorRule kPooler[] = {
    {"pooler.dense", "pooler", kHidden, kHidden, kBoth, kModel, kAsIs, kClassifies, true},
};
constexpr TensorRule kBertHead[] = {
    {"cls.predictions.transform.dense", "mlm_dense", kHidden, kHidden, kBoth, kModel, kAsIs,
     kAlways, true},
    {"cls.predictions.transform.LayerNorm", "mlm_norm", kHidden, kOne, kBoth, kModel, kAsIs,
     kAlways, true},
    {"cls.predictions.bias", "mlm_output.bias", kVocabulary, kOne, kWhole, kModel, kAsIs, kAlways,
     true},
    {"cls.predictions.decoder", "mlm_output", kVocabulary, kHidden, kWeight, kModel, kAsIs, kUntied,
     true},
    {"classifier", "cls_head", kAny, kHidden, kBoth, kModel, kAsIs, kClassifies},
};
constexpr std::string_view kBertIgnored[] = {"*embeddings.position_ids", "*pooler.dense.*",
                                             "cls.predictions.decoder.*", "cls.seq_relationship.*",
                                             "qa_outputs.*"};

constexpr TensorRule kRobertaHead[] = {
    {"lm_head.dense", "mlm_dense", kHidden, kHidden, kBoth, kModel, kAsIs, kAlways, true},
    {"lm_head.layer_norm", "mlm_norm", kHidden, kOne, kBoth, kModel, kAsIs, kAlways, true},
    {"lm_head.bias", "mlm_output.bias", kVocabulary, kOne, kWhole, kModel, kAsIs, kAlways, true},
    {"lm_head.decoder", "mlm_output", kVocabulary, kHidden, kWeight, kModel, kAsIs, kUntied, true},
    {"classifier.dense", "pooler", kHidden, kHidden, kBoth, kModel, kAsIs, kClassifies, true},
    {"classifier.out_proj", "cls_head", kAny, kHidden, kBoth, kModel, kAsIs, kClassifies, true},
    {"classifier", "cls_head", kAny, kHidden, kBoth, kModel, kAsIs, kClassifies, true},
};
constexpr std::string_view kRobertaIgnored[] = {"*embeddings.position_ids", "*pooler.dense.*",
                                                "lm_head.decoder.*", "qa_outputs.*"};

void TranslateTypes(const Translation& t, std::size_t fallback) {
  const std::size_t types = t.config.Size({"type_vocab_size"}, kMaxFolderWidth, fallback);
  (*t.facts)[kTypes] = types;
  t.keys->Set("tokenizer.ggml.token_type_count", types);
}

void TranslateBert(const Translation& t) {
  TranslateSizes(t);
  TranslateEncoder(t, {"layer_norm_eps"});
  t.config.RequireText("position_embedding_type", "absolute");
  t.Set("activation", std::string(ReadActivation(t, {"hidden_act"}, "gelu",
                                                 {"gelu", "gelu_new", "relu", "silu"})));
  if ((t.facts->conditions & kClassifies) != 0) t.Set("pooler_activation", "tanh");
  TranslateTypes(t, 2);
}

/// Positions are counted from the one after padding's.
void TranslateRoberta(const Translation& t) {
  TranslateBert(t);
  Facts& f = *t.facts;
  f.skipped = t.config.FindSize({"pad_token_id"}, 0, kMaxFolderContext).value_or(1) + 1;
  if (f.skipped >= f[kPositions]) {
    return t.config.Fail(StatusCode::kMalformed, "pad_token_id",
                         "leaves none of max_position_embeddings");
  }
  f[kPositions] -= f.skipped;
  t.Set("context_length", f[kPositions]);
}

// --- DistilBERT: half the layers, no token types.

constexpr TensorRule kDistilBody[] = {
    {"embeddings.word_embeddings", "token_embd", kVocabulary, kHidden, kWeight, kModel},
    {"embeddings.position_embeddings", "position_embd", kPositions, kHidden, kWeight, kModel},
    {"embeddings.LayerNorm", "token_embd_norm", kHidden, kOne, kBoth, kModel},
    {"transformer.layer.{}.attention.q_lin", "blk.{}.attn_q", kQuery, kHidden, kBoth},
    {"transformer.layer.{}.attention.k_lin", "blk.{}.attn_k", kKey, kHidden, kBoth},
    {"transformer.layer.{}.attention.v_lin", "blk.{}.attn_v", kKey, kHidden, kBoth},
    {"transformer.layer.{}.attention.out_lin", "blk.{}.attn_output", kHidden, kQuery, kBoth},
    {"transformer.layer.{}.sa_layer_norm", "blk.{}.attn_output_norm", kHidden, kOne, kBoth},
    {"transformer.layer.{}.ffn.lin1", "blk.{}.ffn_up", kFfn, kHidden, kBoth},
    {"transformer.layer.{}.ffn.lin2", "blk.{}.ffn_down", kHidden, kFfn, kBoth},
    {"transformer.layer.{}.output_layer_norm", "blk.{}.layer_output_norm", kHidden, kOne, kBoth},
};
constexpr TensorRule kDistilHead[] = {
    {"vocab_transform", "mlm_dense", kHidden, kHidden, kBoth, kModel, kAsIs, kAlways, true},
    {"vocab_layer_norm", "mlm_norm", kHidden, kOne, kBoth, kModel, kAsIs, kAlways, true},
    {"vocab_projector.bias", "mlm_output.bias", kVocabulary, kOne, kWhole, kModel, kAsIs, kAlways,
     true},
    {"vocab_projector", "mlm_output", kVocabulary, kHidden, kWeight, kModel, kAsIs, kUntied, true},
    {"pre_classifier", "pooler", kHidden, kHidden, kBoth, kModel, kAsIs, kClassifies, true},
    {"classifier", "cls_head", kAny, kHidden, kBoth, kModel, kAsIs, kClassifies},
};
constexpr std::string_view kDistilIgnored[] = {"vocab_projector.weight", "*embeddings.position_ids",
                                               "qa_outputs.*"};

void TranslateDistil(const Translation& t) {
  TranslateSizes(t);
  TranslateEncoder(t, {"layer_norm_eps"});
  t.Set("activation",
        std::string(ReadActivation(t, {"activation"}, "gelu", {"gelu", "gelu_new", "relu"})));
  if ((t.facts->conditions & kClassifies) != 0) t.Set("pooler_activation", "relu");
}

// --- ALBERT: one layer that runs many times, narrow embeddings.

constexpr TensorRule kAlbertBody[] = {
    {"embeddings.word_embeddings", "token_embd", kVocabulary, kSmall, kWeight, kModel},
    {"embeddings.position_embeddings", "position_embd", kPositions, kSmall, kWeight, kModel},
    {"embeddings.token_type_embeddings", "token_types", kTypes, kSmall, kWeight, kModel},
    {"embeddings.LayerNorm", "token_embd_norm", kSmall, kOne, kBoth, kModel},
    {"encoder.embedding_hidden_mapping_in", "embd_proj", kHidden, kSmall, kBoth, kModel},
    {"pooler", "pooler", kHidden, kHidden, kBoth, kModel, kAsIs, kClassifies, true},
};
#define FOVEA_ALBERT_LAYER "encoder.albert_layer_groups.0.albert_layers.0."
constexpr TensorRule kAlbertLayer[] = {
    {FOVEA_ALBERT_LAYER "attention.query", "blk.0.attn_q", kQuery, kHidden, kBoth, kModel},
    {FOVEA_ALBERT_LAYER "attention.key", "blk.0.attn_k", kKey, kHidden, kBoth, kModel},
    {FOVEA_ALBERT_LAYER "attention.value", "blk.0.attn_v", kKey, kHidden, kBoth, kModel},
    {FOVEA_ALBERT_LAYER "attention.dense", "blk.0.attn_output", kHidden, kQuery, kBoth, kModel},
    {FOVEA_ALBERT_LAYER "attention.LayerNorm", "blk.0.attn_output_norm", kHidden, kOne, kBoth,
     kModel},
    {FOVEA_ALBERT_LAYER "ffn", "blk.0.ffn_up", kFfn, kHidden, kBoth, kModel},
    {FOVEA_ALBERT_LAYER "ffn_output", "blk.0.ffn_down", kHidden, kFfn, kBoth, kModel},
    {FOVEA_ALBERT_LAYER "full_layer_layer_norm", "blk.0.layer_output_norm", kHidden, kOne, kBoth,
     kModel},
};
#undef FOVEA_ALBERT_LAYER
constexpr TensorRule kAlbertHead[] = {
    {"predictions.dense", "mlm_dense", kSmall, kHidden, kBoth, kModel, kAsIs, kAlways, true},
    {"predictions.LayerNorm", "mlm_norm", kSmall, kOne, kBoth, kModel, kAsIs, kAlways, true},
    {"predictions.bias", "mlm_output.bias", kVocabulary, kOne, kWhole, kModel, kAsIs, kAlways,
     true},
    {"predictions.decoder", "mlm_output", kVocabulary, kSmall, kWeight, kModel, kAsIs, kUntied,
     true},
    {"classifier", "cls_head", kAny, kHidden, kBoth, kModel, kAsIs, kClassifies},
};
constexpr std::string_view kAlbertIgnored[] = {"*embeddings.position_ids", "*pooler.*",
                                               "predictions.decoder.*", "sop_classifier.*",
                                               "qa_outputs.*"};

void TranslateAlbert(const Translation& t) {
  TranslateBert(t);
  for (const std::string_view name : {"num_hidden_groups", "inner_group_num"}) {
    if (t.config.Size({name}, kMaxFolderLayers, 1) != 1) {
      t.config.Fail(StatusCode::kUnsupported, name, "is not 1: all layers must share one");
    }
  }
  (*t.facts)[kSmall] = t.config.Size({"embedding_size"}, kMaxFolderWidth);
  t.Set("embedding_length_small", (*t.facts)[kSmall]);
}

// --- Nomic BERT: rotary positions, gated feed-forward.

constexpr TensorRule kNomicBody[] = {
    {"embeddings.word_embeddings", "token_embd", kVocabulary, kHidden, kWeight, kModel},
    {"embeddings.token_type_embeddings", "token_types", kTypes, kHidden, kWeight, kModel},
    {"emb_ln", "token_embd_norm", kHidden, kOne, kBoth, kModel},
    {"encoder.layers.{}.attn.Wqkv", "blk.{}.attn_qkv", kQkv, kHidden, kMaybeBias},
    {"encoder.layers.{}.attn.out_proj", "blk.{}.attn_output", kHidden, kQuery, kMaybeBias},
    {"encoder.layers.{}.norm1", "blk.{}.attn_output_norm", kHidden, kOne, kBoth},
    {"encoder.layers.{}.mlp.fc11", "blk.{}.ffn_up", kFfn, kHidden, kMaybeBias},
    {"encoder.layers.{}.mlp.fc12", "blk.{}.ffn_gate", kFfn, kHidden, kMaybeBias},
    {"encoder.layers.{}.mlp.fc2", "blk.{}.ffn_down", kHidden, kFfn, kMaybeBias},
    {"encoder.layers.{}.norm2", "blk.{}.layer_output_norm", kHidden, kOne, kBoth},
};

void TranslateNomic(const Translation& t) {
  const ConfigSection& c = t.config;
  TranslateSizes(t);
  TranslateEncoder(t, {"layer_norm_epsilon"});
  c.RequireText("activation_function", "swiglu");
  t.Set("activation", "silu");
  for (const std::string_view name :
       {"prenorm", "use_rms_norm", "rotary_emb_interleaved", "parallel_block"}) {
    c.RequireFlag(name, false, false);
  }
  if (c.FindSize({"moe_every_n_layers"}, 0, kMaxFolderLayers).value_or(0) != 0) {
    c.Fail(StatusCode::kUnsupported, "moe_every_n_layers", "is not 0, which is not supported");
  }
  if (c.Number({"rotary_emb_fraction"}, 1.0F) != 1.0F) {
    c.Fail(StatusCode::kUnsupported, "rotary_emb_fraction", "is not 1, which is not supported");
  }
  // Beyond the length of the training positions are stretched by how long the text is; up to it
  // nothing is.
  const std::size_t trained =
      c.Size({"max_trained_positions"}, kMaxFolderContext, (*t.facts)[kPositions]);
  if (c.Has({"rotary_scaling_factor"}) && trained < (*t.facts)[kPositions]) {
    (*t.facts)[kPositions] = trained;
    t.Set("context_length", trained);
  }
  TranslateRope(t, 10000.0F);
  TranslateTypes(t, 2);
}

// --- ModernBERT: norms come first, two of three layers see only their neighbourhood.

constexpr TensorRule kModernBody[] = {
    {"embeddings.tok_embeddings", "token_embd", kVocabulary, kHidden, kWeight, kModel},
    {"embeddings.norm", "token_embd_norm", kHidden, kOne, kMaybeBias, kModel},
    {"final_norm", "output_norm", kHidden, kOne, kMaybeBias, kModel},
    {"layers.{}.attn_norm", "blk.{}.attn_norm", kHidden, kOne, kMaybeBias, kLayer, kAsIs, kAlways,
     true},
    {"layers.{}.attn.Wqkv", "blk.{}.attn_qkv", kQkv, kHidden, kMaybeBias},
    {"layers.{}.attn.Wo", "blk.{}.attn_output", kHidden, kQuery, kMaybeBias},
    {"layers.{}.mlp_norm", "blk.{}.ffn_norm", kHidden, kOne, kMaybeBias},
    {"layers.{}.mlp.Wi", "blk.{}.ffn_up", kTwoFfn, kHidden, kMaybeBias},
    {"layers.{}.mlp.Wo", "blk.{}.ffn_down", kHidden, kFfn, kMaybeBias},
};
// "head" is what stands before the output, be it of masked tokens or of classes.
constexpr TensorRule kModernHead[] = {
    {"head.dense", "mlm_dense", kHidden, kHidden, kMaybeBias, kModel, kAsIs, kUnclassified, true},
    {"head.norm", "mlm_norm", kHidden, kOne, kMaybeBias, kModel, kAsIs, kUnclassified, true},
    {"decoder.bias", "mlm_output.bias", kVocabulary, kOne, kWhole, kModel, kAsIs, kAlways, true},
    {"decoder", "mlm_output", kVocabulary, kHidden, kWeight, kModel, kAsIs, kUntied, true},
    {"head.dense", "pooler", kHidden, kHidden, kMaybeBias, kModel, kAsIs, kClassifies},
    {"head.norm", "pooler_norm", kHidden, kOne, kMaybeBias, kModel, kAsIs, kClassifies},
    {"classifier", "cls_head", kAny, kHidden, kBoth, kModel, kAsIs, kClassifies},
};
constexpr std::string_view kModernIgnored[] = {"decoder.weight", "*.rotary_emb.inv_freq"};

void TranslateModern(const Translation& t) {
  const ConfigSection& c = t.config;
  TranslateSizes(t);
  TranslateEncoder(t, {"norm_eps"});
  const std::string activation(
      ReadActivation(t, {"hidden_activation"}, "gelu", {"gelu", "gelu_new"}));
  t.Set("activation", activation);
  if ((t.facts->conditions & kClassifies) != 0) t.Set("pooler_activation", activation);
  t.Set("attention.sliding_window", c.Size({"local_attention"}, kMaxFolderContext, 128));
  t.Set("attention.sliding_window_pattern",
        c.Size({"global_attn_every_n_layers"}, kMaxFolderLayers, 3));
  t.Set("rope.freq_base", c.Positive({"global_rope_theta"}, 160000.0F));
  t.Set("rope.freq_base_swa", c.Positive({"local_rope_theta"}, 10000.0F));
  t.Set("rope.dimension_count", t.facts->rotated);
  const auto both = c.FindSection({"rope_parameters"});
  const auto global = both ? both->FindSection({"full_attention"}) : std::nullopt;
  const auto local = both ? both->FindSection({"sliding_attention"}) : std::nullopt;
  if (global) TranslateRopeSection(t, *global, 160000.0F);
  if (local) t.Set("rope.freq_base_swa", local->Positive({"rope_theta"}, 10000.0F));
}

constexpr std::array<std::string_view, 2> kModelDot = {"model.", ""};
constexpr std::array<std::string_view, 2> kBertDot = {"bert.", ""};
constexpr std::array<std::string_view, 2> kRobertaDot = {"roberta.", ""};

constexpr Architecture kRows[] = {
    {"bert",
     "Bert",
     "bert",
     TranslateBert,
     kBertDot,
     {kBertEmbeddings, kBertLayer, kPooler},
     kBertHead,
     kBertIgnored,
     true},
    {"roberta",
     "Roberta",
     "bert",
     TranslateRoberta,
     kRobertaDot,
     {kBertEmbeddings, kBertLayer},
     kRobertaHead,
     kRobertaIgnored,
     true},
    {"xlm-roberta",
     "XLMRoberta",
     "bert",
     TranslateRoberta,
     kRobertaDot,
     {kBertEmbeddings, kBertLayer},
     kRobertaHead,
     kRobertaIgnored,
     true},
    {"camembert",
     "Camembert",
     "bert",
     TranslateRoberta,
     kRobertaDot,
     {kBertEmbeddings, kBertLayer},
     kRobertaHead,
     kRobertaIgnored,
     true},
    {"distilbert",
     "DistilBert",
     "bert",
     TranslateDistil,
     {"distilbert.", ""},
     {kDistilBody},
     kDistilHead,
     kDistilIgnored,
     true},
    {"albert",
     "Albert",
     "albert",
     TranslateAlbert,
     {"albert.", ""},
     {kAlbertBody, kAlbertLayer},
     kAlbertHead,
     kAlbertIgnored,
     true},
    {"nomic_bert",
     "NomicBert",
     "nomic-bert",
     TranslateNomic,
     {"", "bert."},
     {kNomicBody},
     kBertHead,
     kBertIgnored,
     true},
    {"modernbert",
     "ModernBert",
     "modern-bert",
     TranslateModern,
     kModelDot,
     {kModernBody},
     kModernHead,
     kModernIgnored,
     true},
};

}  // namespace

std::span<const Architecture> EncoderArchitectures() {
  return kRows;
}

}  // namespace fovea::model
