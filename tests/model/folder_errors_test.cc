// Folders that miss something or say something wrong: each gives one line that names it.

#include <gtest/gtest.h>

#include <fovea/fovea.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/content_hash.h"
#include "tests/model/folder_builder.h"
#include "tests/platform/temporary_folder.h"

namespace fovea {
namespace {

using testing::FolderBuilder;

constexpr std::string_view kConfig = R"({"architectures": ["Qwen2ForCausalLM"],
    "model_type": "qwen2", "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 4,
    "num_key_value_heads": 2, "intermediate_size": 24, "vocab_size": 20,
    "max_position_embeddings": 32, "hidden_act": "silu", "rms_norm_eps": 1e-6,
    "tie_word_embeddings": true})";

FolderBuilder Qwen() {
  FolderBuilder builder;
  builder.config = kConfig;
  builder.Add("model.embed_tokens.weight", {20, 16}).Add("model.norm.weight", {16});
  const std::string in = "model.layers.0.";
  builder.Add(in + "input_layernorm.weight", {16})
      .Add(in + "post_attention_layernorm.weight", {16});
  builder.Add(in + "self_attn.q_proj.weight", {16, 16}).Add(in + "self_attn.q_proj.bias", {16});
  builder.Add(in + "self_attn.k_proj.weight", {8, 16}).Add(in + "self_attn.k_proj.bias", {8});
  builder.Add(in + "self_attn.v_proj.weight", {8, 16}).Add(in + "self_attn.v_proj.bias", {8});
  builder.Add(in + "self_attn.o_proj.weight", {16, 16});
  builder.Add(in + "mlp.gate_proj.weight", {24, 16}).Add(in + "mlp.up_proj.weight", {24, 16});
  builder.Add(in + "mlp.down_proj.weight", {16, 24});
  return builder;
}

class FolderErrors : public ::testing::Test {
 protected:
  /// What Load says of the folder, without its path; empty if it loads.
  static std::string Message(const FolderBuilder& builder, const LoadOptions& options = {},
                             const std::function<void(const std::string&)>& change = {}) {
    const platform::TemporaryFolder folder;
    builder.Write(folder.path());
    if (change) change(folder.path());
    return MessageOf(folder.path(), options);
  }
  static std::string MessageOf(const std::string& folder, const LoadOptions& options = {}) {
    const auto model = Model::Load(folder, options);
    if (model) return "";
    const std::string message = model.error().message();
    EXPECT_TRUE(message.starts_with(folder)) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    return message.substr(folder.size());
  }
  /// config.json with one text replaced by another.
  static FolderBuilder With(std::string_view from, std::string_view to) {
    FolderBuilder builder = Qwen();
    const std::size_t at = builder.config.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    builder.config.replace(at, from.size(), to);
    return builder;
  }
};

TEST_F(FolderErrors, ARightFolderLoads) {
  EXPECT_EQ(Message(Qwen()), "");
}

TEST_F(FolderErrors, FilesThatAreMissing) {
  const platform::TemporaryFolder empty;
  EXPECT_EQ(MessageOf(empty.path()),
            ": is a directory without config.json, which a model folder needs");
  std::ofstream(empty.File("config.json")) << kConfig;
  EXPECT_EQ(MessageOf(empty.path()),
            ": has neither model.safetensors nor model.safetensors.index.json");
  std::ofstream(empty.File("model.safetensors.index.json"))
      << R"({"weight_map": {"model.norm.weight": "gone.safetensors"}})";
  EXPECT_EQ(MessageOf(empty.path()), "/gone.safetensors: No such file or directory");
}

TEST_F(FolderErrors, TheWeightsAloneAreNotAModel) {
  const platform::TemporaryFolder folder;
  Qwen().Write(folder.path());
  const auto model = Model::Load(folder.File("model.safetensors"));
  ASSERT_FALSE(model);
  EXPECT_NE(model.error().message().find("give the folder that has it and config.json"),
            std::string::npos)
      << model.error().message();
}

TEST_F(FolderErrors, ConfigurationsThatLie) {
  const struct {
    std::string_view from, to, message;
  } rows[] = {
      {R"("hidden_size": 16)", R"("hidden_size": "16")",
       "/config.json: hidden_size is '16', not an integer from 1 to 1048576"},
      {R"("hidden_size": 16)", R"("hidden_size": -16)",
       "/config.json: hidden_size is -16, not an integer from 1 to 1048576"},
      {R"("hidden_size": 16)", R"("hidden_size": 18446744073709551615)",
       "/config.json: hidden_size is not an integer from 1 to 1048576"},
      {R"("hidden_size": 16)", R"("hidden_size": 1e2)",
       "/config.json: hidden_size is a number, not an integer from 1 to 1048576"},
      {R"("hidden_size": 16, )", "", "/config.json: hidden_size is missing"},
      {R"("hidden_size": 16)", R"("hidden_size": 18)",
       "/config.json: num_attention_heads is 4, which does not divide hidden_size 18"},
      {R"("num_attention_heads": 4)", R"("num_attention_heads": 0)",
       "/config.json: num_attention_heads is 0, not an integer from 1 to 16384"},
      {R"("silu")", R"("gelu")",
       "/config.json: hidden_act is 'gelu'; for this architecture supported are silu, swish"},
      {R"("model_type": "qwen2")", R"("model_type": "mamba\n")",
       "/config.json: model_type 'mamba\\n' is not supported; supported are llama, mistral, "},
      {R"("model_type": "qwen2")", R"("model_type": 7)",
       "/config.json: model_type is a number, not a string"},
      {R"("rms_norm_eps": 1e-6)", R"("rms_norm_eps": 1e400)",
       "/config.json: rms_norm_eps is a number, not a finite number"},
      {R"("rms_norm_eps": 1e-6)", R"("rope_scaling": {"rope_type": "dynamic", "factor": 2.0})",
       "/config.json: rope_scaling.rope_type is 'dynamic'; supported are default, linear, yarn, "
       "llama3 and longrope"},
      {R"("rms_norm_eps": 1e-6)", R"("rope_scaling": 3)",
       "/config.json: rope_scaling is a number, not an object"},
      {R"("rms_norm_eps": 1e-6)", R"("quantization_config": {"quant_method": "gptq"})",
       "/config.json: quantization_config.quant_method is 'gptq': such weights are not supported, "
       "only F32, F16 and BF16"},
      {R"("rms_norm_eps": 1e-6)", R"("rms_norm_eps": NaN)",
       "/config.json: JSON, line 4, column 74: expected a value"},
      {R"("vocab_size": 20)", R"("vocab_size": 21)",
       ": tensor 'model.embed_tokens.weight' has shape [20, 16], but by config.json [21, 16]"},
      {R"("num_hidden_layers": 1)", R"("num_hidden_layers": 2)",
       "/model.safetensors: tensor 'model.layers.1.input_layernorm.weight': missing"},
  };
  for (const auto& row : rows) {
    const std::string message = Message(With(row.from, row.to));
    EXPECT_TRUE(message.starts_with(row.message)) << row.to << "\n" << message;
  }
}

TEST_F(FolderErrors, HostileJson) {
  FolderBuilder builder = Qwen();
  builder.config = std::string(100, '[');
  EXPECT_NE(Message(builder).find("more than 64 arrays and objects"), std::string::npos);
  builder.config = "[]";
  EXPECT_EQ(Message(builder), "/config.json: is an array, not a JSON object");
  builder.config = "{}";
  EXPECT_EQ(Message(builder),
            "/config.json: neither model_type nor architectures says what the model is");
  builder.config = R"({"model_type": "qwen2", "model_type": "llama"})";
  EXPECT_NE(Message(builder).find("has the key 'model_type' twice"), std::string::npos);
  builder.config = std::string((4U << 20U) + 1, ' ');
  EXPECT_NE(Message(builder).find("the limit is 4194304"), std::string::npos);
}

TEST_F(FolderErrors, TensorsThatAreWrong) {
  const std::string query = "model.layers.0.self_attn.q_proj.weight";
  FolderBuilder builder = Qwen();
  builder.tensors.erase(query);
  EXPECT_EQ(Message(builder), "/model.safetensors: tensor '" + query + "': missing");
  builder = Qwen();
  builder.Add(query, {16, 8});
  EXPECT_EQ(Message(builder),
            ": tensor '" + query + "' has shape [16, 8], but by config.json [16, 16]");
  builder = Qwen();
  builder.Add(query, {256});
  EXPECT_EQ(Message(builder),
            ": tensor '" + query + "' has shape [256], but by config.json [16, 16]");
  builder = Qwen();
  builder.Add(query, {16, 16}, "F64");
  EXPECT_EQ(Message(builder), "/model.safetensors: tensor '" + query +
                                  "': its type is F64; supported are F32, F16 and BF16");
  builder = Qwen();
  builder.Add("model.layers.0.self_attn.sinks", {4});
  EXPECT_EQ(Message(builder),
            ": tensor 'model.layers.0.self_attn.sinks' is not known for model_type qwen2");
  builder = Qwen();
  builder.Add("model.layers.1.input_layernorm.weight", {16});
  EXPECT_EQ(Message(builder),
            ": tensor 'model.layers.1.input_layernorm.weight' is not known for model_type qwen2");
  builder = Qwen();
  builder.tensors["model.norm.weight"].values[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(Message(builder, {.check_finite = true}),
            ": tensor 'output_norm.weight' holds NaN or infinity in row 0");
}

TEST_F(FolderErrors, AnOutputThatIsNotTiedMustBeThere) {
  EXPECT_EQ(Message(With(R"("tie_word_embeddings": true)", R"("tie_word_embeddings": false)")),
            "/model.safetensors: tensor 'lm_head.weight': missing");
}

TEST_F(FolderErrors, TheMemoryLimitCountsWhatTheWeightsBecome) {
  const platform::TemporaryFolder folder;
  Qwen().Write(folder.path());
  const auto model = Model::Load(folder.path());
  ASSERT_TRUE(model);
  const std::size_t needed = model->memory().weights;
  EXPECT_EQ(MessageOf(folder.path(), {.max_memory = needed}), "");
  EXPECT_EQ(MessageOf(folder.path(), {.max_memory = needed - 1}),
            ": the weights need " + std::to_string(needed) + " bytes, the memory limit is " +
                std::to_string(needed - 1));
  EXPECT_EQ(MessageOf(folder.path(), {.max_memory = needed - 1, .quantize = DataType::kF16}), "");
}

TEST_F(FolderErrors, QuantizingWhileLoading) {
  EXPECT_EQ(Message(Qwen(), {.quantize = DataType::kQ2_K}),
            ": weights cannot be encoded to type Q2_K");
  FolderBuilder builder = Qwen();
  builder.tensors["model.layers.0.mlp.up_proj.weight"].values[17] =
      std::numeric_limits<float>::infinity();
  EXPECT_EQ(Message(builder, {.quantize = DataType::kF16}),
            ": tensor 'model.layers.0.mlp.up_proj.weight', row 1: a number is NaN or infinite");
  const auto gguf =
      Model::Load(FOVEA_SOURCE_DIR "/tests/golden/data/llama.gguf", {.quantize = DataType::kQ8_0});
  ASSERT_FALSE(gguf);
  EXPECT_EQ(gguf.error().code(), StatusCode::kInvalidArgument);
}

TEST_F(FolderErrors, TheContentHashIsThatOfTheFiles) {
  for (const std::size_t shards : {std::size_t{1}, std::size_t{3}}) {
    const platform::TemporaryFolder folder;
    Qwen().Write(folder.path(), shards);
    std::string bytes;
    for (std::size_t i = 0; i < shards; ++i) {
      std::ifstream file(folder.File(FolderBuilder::ShardName(i, shards)), std::ios::binary);
      bytes.append(std::istreambuf_iterator<char>(file), {});
    }
    const auto model = Model::Load(folder.path() + "/");
    ASSERT_TRUE(model) << model.error().message();
    EXPECT_EQ(model->info().content_hash,
              platform::HexContentHash(std::as_bytes(std::span(bytes.data(), bytes.size()))));
    EXPECT_EQ(model->info().file_bytes, bytes.size());
    EXPECT_EQ(model->info().path, folder.path());
  }
}

}  // namespace
}  // namespace fovea
