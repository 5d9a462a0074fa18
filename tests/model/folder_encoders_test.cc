// Encoders and encoder-decoders from folders: the keys and tensors that a source of them has.

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/model/load/folder/folder_source.h"
#include "tests/model/folder_builder.h"
#include "tests/platform/temporary_folder.h"

namespace fovea::model {
namespace {

using testing::FolderBuilder;

constexpr std::uint64_t kHidden = 16;
constexpr std::uint64_t kFfn = 24;
constexpr std::uint64_t kVocabulary = 20;
constexpr std::uint64_t kPositions = 12;

class FolderEncoders : public ::testing::Test {
 protected:
  void Open(const FolderOptions& options = {}) {
    builder_.Write(folder_.path());
    auto source = FolderSource::Open(folder_.path(), options);
    ASSERT_TRUE(source) << source.error().message();
    source_ = std::move(*source);
  }
  void AddBoth(const std::string& name, std::vector<std::uint64_t> shape) {
    builder_.Add(name + ".weight", shape);
    builder_.Add(name + ".bias", {shape.front()});
  }
  std::string Text(const std::string& key) const {
    const auto text = source_->FindString(key);
    return text.ok() && text->has_value() ? std::string(**text) : "";
  }
  std::uint64_t Uint(const std::string& key) const {
    const auto number = source_->GetUint(key, 0, 1U << 30U);
    EXPECT_TRUE(number) << number.error().message();
    return number ? *number : 0;
  }
  float Float(const std::string& key) const {
    const auto number = source_->GetFloat(key);
    EXPECT_TRUE(number) << number.error().message();
    return number ? *number : 0.0F;
  }
  /// The tensor has that shape (PyTorch's order) and those values.
  void ExpectTensor(const std::string& name, const std::vector<std::uint64_t>& shape,
                    const std::vector<float>& values) {
    const format::SourceTensor* tensor = source_->FindTensor(name);
    ASSERT_NE(tensor, nullptr) << name;
    EXPECT_EQ(std::vector<std::uint64_t>(tensor->shape.begin(),
                                         tensor->shape.begin() + static_cast<int>(tensor->rank)),
              std::vector<std::uint64_t>(shape.rbegin(), shape.rend()))
        << name;
    ASSERT_EQ(tensor->data.size(), values.size() * sizeof(float)) << name;
    EXPECT_EQ(std::memcmp(tensor->data.data(), values.data(), tensor->data.size()), 0) << name;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor->data.data()) % 64, 0U) << name;
  }
  /// The source's tensor is the folder's.
  void ExpectSame(const std::string& name, const std::string& from) {
    ASSERT_TRUE(builder_.tensors.contains(from)) << from;
    const testing::FolderTensor& tensor = builder_.tensors[from];
    ExpectTensor(name, tensor.shape, tensor.values);
  }
  std::set<std::string> Names() const {
    std::set<std::string> names;
    for (const format::SourceTensor& tensor : source_->tensors()) names.emplace(tensor.name);
    return names;
  }

  FolderBuilder builder_;
  platform::TemporaryFolder folder_;
  std::unique_ptr<FolderSource> source_;
};

class FolderBert : public FolderEncoders {
 protected:
  /// prefix: "bert." or "roberta."; skipped: positions before the first that a token has.
  void AddBert(const std::string& prefix, std::uint64_t skipped) {
    builder_.Add(prefix + "embeddings.word_embeddings.weight", {kVocabulary, kHidden});
    builder_.Add(prefix + "embeddings.position_embeddings.weight", {kPositions + skipped, kHidden});
    builder_.Add(prefix + "embeddings.token_type_embeddings.weight", {2, kHidden});
    AddBoth(prefix + "embeddings.LayerNorm", {kHidden});
    for (const char* layer : {"0.", "1."}) {
      const std::string in = prefix + "encoder.layer." + layer;
      AddBoth(in + "attention.self.query", {kHidden, kHidden});
      AddBoth(in + "attention.self.key", {kHidden, kHidden});
      AddBoth(in + "attention.self.value", {kHidden, kHidden});
      AddBoth(in + "attention.output.dense", {kHidden, kHidden});
      AddBoth(in + "attention.output.LayerNorm", {kHidden});
      AddBoth(in + "intermediate.dense", {kFfn, kHidden});
      AddBoth(in + "output.dense", {kHidden, kFfn});
      AddBoth(in + "output.LayerNorm", {kHidden});
    }
  }
  static std::string Config(const std::string& type, std::uint64_t positions,
                            const std::string& more = "") {
    return R"({"model_type": ")" + type + R"(", "hidden_size": 16, "num_hidden_layers": 2,
        "num_attention_heads": 4, "intermediate_size": 24, "vocab_size": 20, "type_vocab_size": 2,
        "hidden_act": "gelu", "layer_norm_eps": 1e-12, "max_position_embeddings": )" +
           std::to_string(positions) + more + "}";
  }
};

TEST_F(FolderBert, Bert) {
  builder_.config = Config("bert", kPositions);
  AddBert("bert.", 0);
  AddBoth("bert.pooler.dense", {kHidden, kHidden});
  AddBoth("cls.predictions.transform.dense", {kHidden, kHidden});
  AddBoth("cls.predictions.transform.LayerNorm", {kHidden});
  builder_.Add("cls.predictions.bias", {kVocabulary});
  builder_.Add("cls.predictions.decoder.weight", {kVocabulary, kHidden});
  AddBoth("cls.seq_relationship", {2, kHidden});
  builder_.Add("bert.embeddings.position_ids", {1, kPositions}, "I64");
  Open();
  EXPECT_EQ(Text("general.architecture"), "bert");
  EXPECT_EQ(Uint("bert.block_count"), 2U);
  EXPECT_EQ(Uint("bert.context_length"), kPositions);
  EXPECT_EQ(Uint("bert.embedding_length"), kHidden);
  EXPECT_EQ(Uint("bert.feed_forward_length"), kFfn);
  EXPECT_EQ(Uint("bert.attention.head_count"), 4U);
  EXPECT_EQ(Uint("tokenizer.ggml.token_type_count"), 2U);
  EXPECT_EQ(Float("bert.attention.layer_norm_epsilon"), 1e-12F);
  EXPECT_EQ(Text("bert.activation"), "gelu");
  EXPECT_EQ(source_->FindBool("bert.attention.causal").value(), std::optional(false));
  ExpectSame("token_embd.weight", "bert.embeddings.word_embeddings.weight");
  ExpectSame("position_embd.weight", "bert.embeddings.position_embeddings.weight");
  ExpectSame("token_types.weight", "bert.embeddings.token_type_embeddings.weight");
  ExpectSame("token_embd_norm.bias", "bert.embeddings.LayerNorm.bias");
  ExpectSame("blk.1.attn_q.weight", "bert.encoder.layer.1.attention.self.query.weight");
  ExpectSame("blk.1.attn_output.bias", "bert.encoder.layer.1.attention.output.dense.bias");
  ExpectSame("blk.0.attn_output_norm.weight",
             "bert.encoder.layer.0.attention.output.LayerNorm.weight");
  ExpectSame("blk.0.ffn_up.weight", "bert.encoder.layer.0.intermediate.dense.weight");
  ExpectSame("blk.0.ffn_down.weight", "bert.encoder.layer.0.output.dense.weight");
  ExpectSame("blk.1.layer_output_norm.bias", "bert.encoder.layer.1.output.LayerNorm.bias");
  ExpectSame("mlm_dense.weight", "cls.predictions.transform.dense.weight");
  ExpectSame("mlm_norm.bias", "cls.predictions.transform.LayerNorm.bias");
  ExpectSame("mlm_output.bias", "cls.predictions.bias");
  // What is tied and what is not run is left out.
  EXPECT_FALSE(Names().contains("mlm_output.weight"));
  EXPECT_FALSE(Names().contains("pooler.weight"));
  EXPECT_EQ(Names().size(), 5U + 2U * 16U + 5U);
}

TEST_F(FolderBert, SentenceTransformersHaveNoPrefixAndSayHowToPool) {
  builder_.config = Config("bert", kPositions);
  AddBert("", 0);
  std::filesystem::create_directory(folder_.File("1_Pooling"));
  std::ofstream(folder_.File("1_Pooling/config.json"))
      << R"({"pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true})";
  std::ofstream(folder_.File("modules.json"))
      << R"([{"idx": 0, "type": "sentence_transformers.models.Transformer"},
             {"idx": 2, "type": "sentence_transformers.models.Normalize"}])";
  Open();
  ExpectSame("token_embd.weight", "embeddings.word_embeddings.weight");
  EXPECT_EQ(Uint("bert.pooling_type"), 1U);
  EXPECT_EQ(source_->FindBool("bert.normalize_embeddings").value(), std::optional(true));
}

TEST_F(FolderBert, ALayerAfterPoolingIsRefused) {
  builder_.config = Config("bert", kPositions);
  AddBert("", 0);
  builder_.Write(folder_.path());
  std::ofstream(folder_.File("modules.json"))
      << R"([{"idx": 2, "type": "sentence_transformers.models.Dense"}])";
  const auto source = FolderSource::Open(folder_.path());
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().message(),
            folder_.File("modules.json") +
                ": embeddings go through a Dense layer, which is not supported");
}

TEST_F(FolderBert, NormsOfTheFirstBertAreCalledGammaAndBeta) {
  builder_.config = Config("bert", kPositions);
  AddBert("bert.", 0);
  const auto rename = [this](const std::string& from, const std::string& to) {
    builder_.tensors[to] = builder_.tensors[from];
    builder_.tensors.erase(from);
  };
  rename("bert.embeddings.LayerNorm.weight", "bert.embeddings.LayerNorm.gamma");
  rename("bert.embeddings.LayerNorm.bias", "bert.embeddings.LayerNorm.beta");
  Open();
  ExpectSame("token_embd_norm.weight", "bert.embeddings.LayerNorm.gamma");
  ExpectSame("token_embd_norm.bias", "bert.embeddings.LayerNorm.beta");
}

TEST_F(FolderBert, AClassificationHead) {
  builder_.config = Config("bert", kPositions, R"(, "id2label": {"0": "no", "1": "yes"})");
  AddBert("bert.", 0);
  AddBoth("bert.pooler.dense", {kHidden, kHidden});
  AddBoth("classifier", {2, kHidden});
  Open();
  ExpectSame("pooler.weight", "bert.pooler.dense.weight");
  ExpectSame("cls_head.weight", "classifier.weight");
  EXPECT_EQ(Text("bert.pooler_activation"), "tanh");
  EXPECT_EQ(source_->FindStringArray("bert.classifier.output_labels").value(),
            (std::vector<std::string_view>{"no", "yes"}));
}

TEST_F(FolderBert, RobertaBeginsWithTheFirstPositionOfAToken) {
  builder_.config = Config("roberta", kPositions + 2, R"(, "pad_token_id": 1)");
  AddBert("roberta.", 2);
  AddBoth("lm_head.dense", {kHidden, kHidden});
  AddBoth("lm_head.layer_norm", {kHidden});
  builder_.Add("lm_head.bias", {kVocabulary});
  builder_.Add("lm_head.decoder.weight", {kVocabulary, kHidden});
  builder_.Add("lm_head.decoder.bias", {kVocabulary});
  Open();
  EXPECT_EQ(Text("general.architecture"), "bert");
  EXPECT_EQ(Uint("bert.context_length"), kPositions);
  EXPECT_EQ(Uint("tokenizer.ggml.padding_token_id"), 1U);
  const auto& all = builder_.tensors["roberta.embeddings.position_embeddings.weight"].values;
  ExpectTensor("position_embd.weight", {kPositions, kHidden},
               std::vector<float>(all.begin() + 2 * kHidden, all.end()));
  ExpectSame("mlm_dense.weight", "lm_head.dense.weight");
  ExpectSame("mlm_norm.weight", "lm_head.layer_norm.weight");
  ExpectSame("mlm_output.bias", "lm_head.bias");
}

TEST_F(FolderEncoders, DistilBert) {
  builder_.config = R"({"model_type": "distilbert", "dim": 16, "n_layers": 1, "n_heads": 4,
      "hidden_dim": 24, "vocab_size": 20, "max_position_embeddings": 12, "activation": "gelu"})";
  builder_.Add("distilbert.embeddings.word_embeddings.weight", {kVocabulary, kHidden});
  builder_.Add("distilbert.embeddings.position_embeddings.weight", {kPositions, kHidden});
  AddBoth("distilbert.embeddings.LayerNorm", {kHidden});
  const std::string in = "distilbert.transformer.layer.0.";
  for (const char* name : {"q_lin", "k_lin", "v_lin", "out_lin"}) {
    AddBoth(in + "attention." + name, {kHidden, kHidden});
  }
  AddBoth(in + "sa_layer_norm", {kHidden});
  AddBoth(in + "ffn.lin1", {kFfn, kHidden});
  AddBoth(in + "ffn.lin2", {kHidden, kFfn});
  AddBoth(in + "output_layer_norm", {kHidden});
  AddBoth("vocab_transform", {kHidden, kHidden});
  AddBoth("vocab_layer_norm", {kHidden});
  AddBoth("vocab_projector", {kVocabulary, kHidden});
  Open();
  EXPECT_EQ(Text("general.architecture"), "bert");
  EXPECT_EQ(Float("bert.attention.layer_norm_epsilon"), 1e-12F);
  ExpectSame("blk.0.attn_output.weight", in + "attention.out_lin.weight");
  ExpectSame("blk.0.attn_output_norm.bias", in + "sa_layer_norm.bias");
  ExpectSame("blk.0.ffn_down.weight", in + "ffn.lin2.weight");
  ExpectSame("mlm_dense.weight", "vocab_transform.weight");
  ExpectSame("mlm_output.bias", "vocab_projector.bias");
  EXPECT_FALSE(Names().contains("mlm_output.weight"));
  EXPECT_FALSE(Names().contains("token_types.weight"));
}

TEST_F(FolderEncoders, Albert) {
  builder_.config = R"({"architectures": ["AlbertForMaskedLM"], "hidden_size": 16,
      "embedding_size": 8, "num_hidden_layers": 5, "num_hidden_groups": 1, "inner_group_num": 1,
      "num_attention_heads": 4, "intermediate_size": 24, "vocab_size": 20, "type_vocab_size": 2,
      "hidden_act": "gelu_new", "layer_norm_eps": 1e-12, "max_position_embeddings": 12})";
  builder_.Add("albert.embeddings.word_embeddings.weight", {kVocabulary, 8});
  builder_.Add("albert.embeddings.position_embeddings.weight", {kPositions, 8});
  builder_.Add("albert.embeddings.token_type_embeddings.weight", {2, 8});
  AddBoth("albert.embeddings.LayerNorm", {8});
  AddBoth("albert.encoder.embedding_hidden_mapping_in", {kHidden, 8});
  const std::string in = "albert.encoder.albert_layer_groups.0.albert_layers.0.";
  for (const char* name : {"query", "key", "value", "dense"}) {
    AddBoth(in + "attention." + name, {kHidden, kHidden});
  }
  AddBoth(in + "attention.LayerNorm", {kHidden});
  AddBoth(in + "ffn", {kFfn, kHidden});
  AddBoth(in + "ffn_output", {kHidden, kFfn});
  AddBoth(in + "full_layer_layer_norm", {kHidden});
  AddBoth("albert.pooler", {kHidden, kHidden});
  AddBoth("predictions.dense", {8, kHidden});
  AddBoth("predictions.LayerNorm", {8});
  builder_.Add("predictions.bias", {kVocabulary});
  AddBoth("predictions.decoder", {kVocabulary, 8});
  Open();
  EXPECT_EQ(Text("general.architecture"), "albert");
  EXPECT_EQ(Uint("albert.block_count"), 5U);
  EXPECT_EQ(Uint("albert.embedding_length_small"), 8U);
  EXPECT_EQ(Text("albert.activation"), "gelu_new");
  ExpectSame("embd_proj.weight", "albert.encoder.embedding_hidden_mapping_in.weight");
  ExpectSame("blk.0.attn_output.weight", in + "attention.dense.weight");
  ExpectSame("blk.0.ffn_up.bias", in + "ffn.bias");
  ExpectSame("blk.0.layer_output_norm.weight", in + "full_layer_layer_norm.weight");
  ExpectSame("mlm_dense.weight", "predictions.dense.weight");
  ExpectSame("mlm_output.bias", "predictions.bias");
  EXPECT_FALSE(Names().contains("mlm_output.weight"));
  EXPECT_FALSE(Names().contains("blk.1.attn_q.weight"));
}

TEST_F(FolderEncoders, NomicBert) {
  builder_.config = R"({"model_type": "nomic_bert", "n_embd": 16, "n_layer": 1, "n_head": 4,
      "n_inner": 24, "n_positions": 8192, "max_trained_positions": 2048, "vocab_size": 20,
      "type_vocab_size": 2, "activation_function": "swiglu", "layer_norm_epsilon": 1e-12,
      "rotary_emb_base": 1000, "rotary_emb_fraction": 1.0, "rotary_scaling_factor": 2,
      "prenorm": false})";
  builder_.Add("embeddings.word_embeddings.weight", {kVocabulary, kHidden});
  builder_.Add("embeddings.token_type_embeddings.weight", {2, kHidden});
  AddBoth("emb_ln", {kHidden});
  const std::string in = "encoder.layers.0.";
  builder_.Add(in + "attn.Wqkv.weight", {3 * kHidden, kHidden});
  builder_.Add(in + "attn.out_proj.weight", {kHidden, kHidden});
  builder_.Add(in + "mlp.fc11.weight", {kFfn, kHidden});
  builder_.Add(in + "mlp.fc12.weight", {kFfn, kHidden});
  builder_.Add(in + "mlp.fc2.weight", {kHidden, kFfn});
  AddBoth(in + "norm1", {kHidden});
  AddBoth(in + "norm2", {kHidden});
  Open();
  EXPECT_EQ(Uint("nomic-bert.context_length"), 2048U);
  EXPECT_EQ(Float("nomic-bert.rope.freq_base"), 1000.0F);
  ExpectSame("blk.0.attn_qkv.weight", in + "attn.Wqkv.weight");
  ExpectSame("blk.0.ffn_up.weight", in + "mlp.fc11.weight");
  ExpectSame("blk.0.ffn_gate.weight", in + "mlp.fc12.weight");
  ExpectSame("blk.0.attn_output_norm.weight", in + "norm1.weight");
}

TEST_F(FolderEncoders, ModernBert) {
  builder_.config = R"({"model_type": "modernbert", "hidden_size": 16, "num_hidden_layers": 2,
      "num_attention_heads": 4, "intermediate_size": 24, "vocab_size": 20, "norm_eps": 1e-5,
      "max_position_embeddings": 64, "global_attn_every_n_layers": 3, "local_attention": 8,
      "global_rope_theta": 160000.0, "local_rope_theta": 10000.0, "hidden_activation": "gelu"})";
  builder_.Add("model.embeddings.tok_embeddings.weight", {kVocabulary, kHidden});
  builder_.Add("model.embeddings.norm.weight", {kHidden});
  builder_.Add("model.final_norm.weight", {kHidden});
  for (const char* layer : {"0.", "1."}) {
    const std::string in = std::string("model.layers.") + layer;
    builder_.Add(in + "attn.Wqkv.weight", {3 * kHidden, kHidden});
    builder_.Add(in + "attn.Wo.weight", {kHidden, kHidden});
    builder_.Add(in + "mlp_norm.weight", {kHidden});
    builder_.Add(in + "mlp.Wi.weight", {2 * kFfn, kHidden});
    builder_.Add(in + "mlp.Wo.weight", {kHidden, kFfn});
  }
  builder_.Add("model.layers.1.attn_norm.weight", {kHidden});
  builder_.Add("head.dense.weight", {kHidden, kHidden});
  builder_.Add("head.norm.weight", {kHidden});
  builder_.Add("decoder.bias", {kVocabulary});
  Open();
  EXPECT_EQ(Uint("modern-bert.attention.sliding_window"), 8U);
  EXPECT_EQ(Uint("modern-bert.attention.sliding_window_pattern"), 3U);
  EXPECT_EQ(Float("modern-bert.rope.freq_base_swa"), 10000.0F);
  EXPECT_FALSE(Names().contains("blk.0.attn_norm.weight"));
  ExpectSame("blk.1.attn_norm.weight", "model.layers.1.attn_norm.weight");
  ExpectSame("blk.1.ffn_up.weight", "model.layers.1.mlp.Wi.weight");
  ExpectSame("mlm_dense.weight", "head.dense.weight");
  ExpectSame("mlm_output.bias", "decoder.bias");
}

TEST_F(FolderEncoders, T5) {
  builder_.config = R"({"model_type": "t5", "d_model": 16, "d_kv": 8, "d_ff": 24, "num_layers": 2,
      "num_decoder_layers": 1, "num_heads": 4, "vocab_size": 20, "layer_norm_epsilon": 1e-6,
      "relative_attention_num_buckets": 6, "feed_forward_proj": "gated-gelu",
      "decoder_start_token_id": 0, "eos_token_id": 1, "tie_word_embeddings": false})";
  builder_.Add("shared.weight", {kVocabulary, kHidden});
  builder_.Add("encoder.embed_tokens.weight", {kVocabulary, kHidden});
  builder_.Add("lm_head.weight", {kVocabulary, kHidden});
  const auto attention = [this](const std::string& name) {
    for (const char* part : {".q", ".k", ".v"}) {
      builder_.Add(name + part + ".weight", {32, kHidden});
    }
    builder_.Add(name + ".o.weight", {kHidden, 32});
  };
  const auto feed_forward = [this](const std::string& name) {
    builder_.Add(name + "layer_norm.weight", {kHidden});
    builder_.Add(name + "DenseReluDense.wi_0.weight", {kFfn, kHidden});
    builder_.Add(name + "DenseReluDense.wi_1.weight", {kFfn, kHidden});
    builder_.Add(name + "DenseReluDense.wo.weight", {kHidden, kFfn});
  };
  for (const char* layer : {"0.", "1."}) {
    const std::string in = std::string("encoder.block.") + layer;
    builder_.Add(in + "layer.0.layer_norm.weight", {kHidden});
    attention(in + "layer.0.SelfAttention");
    feed_forward(in + "layer.1.");
  }
  const std::string in = "decoder.block.0.";
  builder_.Add(in + "layer.0.layer_norm.weight", {kHidden});
  attention(in + "layer.0.SelfAttention");
  builder_.Add(in + "layer.1.layer_norm.weight", {kHidden});
  attention(in + "layer.1.EncDecAttention");
  feed_forward(in + "layer.2.");
  for (const char* side : {"encoder.", "decoder."}) {
    builder_.Add(std::string(side) + "block.0.layer.0.SelfAttention.relative_attention_bias.weight",
                 {6, 4});
    builder_.Add(std::string(side) + "final_layer_norm.weight", {kHidden});
  }
  Open();
  EXPECT_EQ(Text("general.architecture"), "t5");
  EXPECT_EQ(Uint("t5.block_count"), 2U);
  EXPECT_EQ(Uint("t5.decoder_block_count"), 1U);
  EXPECT_EQ(Uint("t5.attention.key_length"), 8U);
  EXPECT_EQ(Uint("t5.attention.relative_buckets_count"), 6U);
  EXPECT_EQ(Uint("t5.context_length"), 512U);
  EXPECT_EQ(Uint("t5.decoder_start_token_id"), 0U);
  EXPECT_EQ(Uint("tokenizer.ggml.eos_token_id"), 1U);
  EXPECT_EQ(Text("t5.activation"), "gelu_new");
  ExpectSame("token_embd.weight", "shared.weight");
  ExpectSame("output.weight", "lm_head.weight");
  ExpectSame("enc.blk.1.attn_q.weight", "encoder.block.1.layer.0.SelfAttention.q.weight");
  ExpectSame("enc.blk.0.attn_rel_b.weight",
             "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
  ExpectSame("enc.blk.0.ffn_gate.weight", "encoder.block.0.layer.1.DenseReluDense.wi_0.weight");
  ExpectSame("dec.blk.0.cross_attn_o.weight", in + "layer.1.EncDecAttention.o.weight");
  ExpectSame("dec.blk.0.cross_attn_norm.weight", in + "layer.1.layer_norm.weight");
  ExpectSame("dec.blk.0.ffn_up.weight", in + "layer.2.DenseReluDense.wi_1.weight");
  ExpectSame("dec.output_norm.weight", "decoder.final_layer_norm.weight");
}

class FolderBart : public FolderEncoders {
 protected:
  void AddStacks() {
    for (const std::string side : {"model.encoder.", "model.decoder."}) {
      const std::string in = side + "layers.0.";
      std::vector<std::string> attentions = {"self_attn"};
      if (side == "model.decoder.") attentions.emplace_back("encoder_attn");
      for (const std::string& name : attentions) {
        for (const char* part : {".q_proj", ".k_proj", ".v_proj", ".out_proj"}) {
          AddBoth(in + name + part, {kHidden, kHidden});
        }
        AddBoth(in + name + "_layer_norm", {kHidden});
      }
      AddBoth(in + "fc1", {kFfn, kHidden});
      AddBoth(in + "fc2", {kHidden, kFfn});
      AddBoth(in + "final_layer_norm", {kHidden});
    }
    builder_.Add("model.shared.weight", {kVocabulary, kHidden});
    builder_.Add("model.encoder.embed_tokens.weight", {kVocabulary, kHidden});
    builder_.Add("model.decoder.embed_tokens.weight", {kVocabulary, kHidden});
    builder_.Add("final_logits_bias", {1, kVocabulary});
    builder_.Add("lm_head.weight", {kVocabulary, kHidden});
  }
  static std::string Config(const std::string& type, const std::string& more) {
    return R"({"model_type": ")" + type + R"(", "d_model": 16, "encoder_layers": 1,
        "decoder_layers": 1, "encoder_attention_heads": 4, "decoder_attention_heads": 2,
        "encoder_ffn_dim": 24, "decoder_ffn_dim": 24, "vocab_size": 20,
        "max_position_embeddings": 12, "decoder_start_token_id": 2, )" +
           more + "}";
  }
};

TEST_F(FolderBart, Bart) {
  builder_.config = Config("bart", R"("activation_function": "gelu", "scale_embedding": false,
      "forced_eos_token_id": 2, "eos_token_id": 2)");
  AddStacks();
  for (const std::string side : {"model.encoder.", "model.decoder."}) {
    builder_.Add(side + "embed_positions.weight", {kPositions + 2, kHidden});
    AddBoth(side + "layernorm_embedding", {kHidden});
  }
  Open();
  EXPECT_EQ(Text("general.architecture"), "bart");
  EXPECT_EQ(Uint("bart.attention.head_count"), 4U);
  EXPECT_EQ(Uint("bart.decoder_attention.head_count"), 2U);
  EXPECT_EQ(Uint("bart.decoder_start_token_id"), 2U);
  EXPECT_EQ(Uint("bart.forced_eos_token_id"), 2U);
  EXPECT_EQ(Float("bart.embedding_scale"), 1.0F);
  EXPECT_EQ(Float("bart.attention.layer_norm_epsilon"), 1e-5F);
  EXPECT_EQ(Text("bart.activation"), "gelu");
  const auto& all = builder_.tensors["model.decoder.embed_positions.weight"].values;
  ExpectTensor("dec.position_embd.weight", {kPositions, kHidden},
               std::vector<float>(all.begin() + 2 * kHidden, all.end()));
  ExpectSame("enc.token_embd_norm.weight", "model.encoder.layernorm_embedding.weight");
  ExpectSame("enc.blk.0.attn_o.bias", "model.encoder.layers.0.self_attn.out_proj.bias");
  ExpectSame("enc.blk.0.attn_output_norm.weight",
             "model.encoder.layers.0.self_attn_layer_norm.weight");
  ExpectSame("dec.blk.0.cross_attn_q.weight", "model.decoder.layers.0.encoder_attn.q_proj.weight");
  ExpectSame("dec.blk.0.cross_attn_output_norm.bias",
             "model.decoder.layers.0.encoder_attn_layer_norm.bias");
  ExpectSame("dec.blk.0.layer_output_norm.bias", "model.decoder.layers.0.final_layer_norm.bias");
  ExpectTensor("output.bias", {kVocabulary}, builder_.tensors["final_logits_bias"].values);
  EXPECT_FALSE(Names().contains("output.weight"));
}

TEST_F(FolderBart, Marian) {
  builder_.config = Config("marian", R"("activation_function": "swish", "scale_embedding": true,
      "static_position_embeddings": true, "normalize_embedding": false,
      "bad_words_ids": [[18]], "forced_eos_token_id": 7)");
  std::ofstream(folder_.File("generation_config.json"))
      << R"({"bad_words_ids": [[19]], "eos_token_id": [0, 3]})";
  AddStacks();
  builder_.Add("model.encoder.embed_positions.weight", {kPositions, kHidden});
  // The embedding may have the name of one of the stacks that share it.
  builder_.tensors.erase("model.shared.weight");
  Open();
  ExpectSame("token_embd.weight", "model.encoder.embed_tokens.weight");
  EXPECT_EQ(Uint("marian.forced_eos_token_id"), 7U);
  EXPECT_EQ(source_->FindIntArray("tokenizer.ggml.eos_token_ids", 0, 19).value(),
            (std::vector<std::int64_t>{0, 3}));
  EXPECT_EQ(Text("marian.activation"), "silu");
  EXPECT_EQ(Float("marian.embedding_scale"), 4.0F);
  EXPECT_EQ(source_->FindIntArray("marian.suppressed_token_ids", 0, 19).value(),
            std::vector<std::int64_t>{19});
  EXPECT_FALSE(Names().contains("enc.position_embd.weight"));
}

}  // namespace
}  // namespace fovea::model
