// Configurations with every value replaced by every kind of nonsense: a folder loads, or is refused
// with one line that names it.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "engine/model/load/folder/folder_source.h"
#include "tests/model/folder_builder.h"
#include "tests/platform/temporary_folder.h"

namespace fovea::model {
namespace {

/// Where a value of a JSON text begins and ends: behind each ": ".
struct Place {
  std::size_t begin = 0;
  std::size_t end = 0;
};

std::vector<Place> Values(std::string_view json) {
  std::vector<Place> places;
  for (std::size_t at = json.find("\": "); at != std::string_view::npos;
       at = json.find("\": ", at + 1)) {
    const std::size_t begin = at + 3;
    places.push_back({begin, json.find_first_of(",}", begin)});
  }
  return places;
}

constexpr std::string_view kNonsense[] = {
    "0",      "1",          "2",       "3",
    "7",      "-1",         "0.5",     "1e300",
    "1e-300", "4294967296", "1048576", "18446744073709551615",
    "\"x\"",  "true",       "false",   "null",
    "[]",     "{}",         "[1]",     "[\"full_attention\"]"};

constexpr std::string_view kConfigs[] = {
    R"({"model_type": "llama", "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 4,
      "num_key_value_heads": 2, "head_dim": 4, "intermediate_size": 24, "vocab_size": 20,
      "max_position_embeddings": 32, "hidden_act": "silu", "rms_norm_eps": 1e-6,
      "sliding_window": 8, "layer_types": "?", "partial_rotary_factor": 0.5,
      "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
      "high_freq_factor": 4.0, "original_max_position_embeddings": 16},
      "eos_token_id": 2, "tie_word_embeddings": true})",
    R"({"model_type": "phi3", "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 4,
      "intermediate_size": 24, "vocab_size": 20, "max_position_embeddings": 32,
      "original_max_position_embeddings": 8, "rope_scaling": {"type": "yarn", "factor": 4.0,
      "attention_factor": 1.0, "mscale": 1.0, "mscale_all_dim": 1.0, "beta_fast": 32,
      "beta_slow": 1}, "rope_theta": 10000.0})",
    R"({"model_type": "gemma3_text", "hidden_size": 16, "num_hidden_layers": 1,
      "num_attention_heads": 4, "head_dim": 4, "intermediate_size": 24, "vocab_size": 20,
      "max_position_embeddings": 32, "query_pre_attn_scalar": 4, "sliding_window_pattern": 2,
      "sliding_window": 4, "rope_local_base_freq": 10000.0, "final_logit_softcapping": 30.0})",
    R"({"architectures": "?", "model_type": "roberta", "hidden_size": 16, "num_hidden_layers": 1,
      "num_attention_heads": 4, "intermediate_size": 24, "vocab_size": 20, "pad_token_id": 1,
      "max_position_embeddings": 34, "type_vocab_size": 1, "id2label": {"0": "a"}})",
    R"({"model_type": "t5", "d_model": 16, "d_kv": 4, "d_ff": 24, "num_layers": 1, "num_heads": 4,
      "num_decoder_layers": 1, "vocab_size": 20, "relative_attention_num_buckets": 4,
      "decoder_start_token_id": 0, "feed_forward_proj": "relu"})",
    R"({"model_type": "marian", "d_model": 16, "encoder_layers": 1, "decoder_layers": 1,
      "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 24,
      "decoder_ffn_dim": 24, "vocab_size": 20, "max_position_embeddings": 12,
      "activation_function": "swish", "normalize_embedding": false, "decoder_start_token_id": 2,
      "bad_words_ids": 3})",
};

TEST(FolderHostile, EveryValueReplacedByNonsense) {
  const platform::TemporaryFolder folder;
  testing::FolderBuilder builder;
  builder.Add("classifier.weight", {2, 16});
  builder.Write(folder.path());
  std::size_t tried = 0;
  for (const std::string_view config : kConfigs) {
    for (const Place& place : Values(config)) {
      for (const std::string_view nonsense : kNonsense) {
        std::string text(config);
        text.replace(place.begin, place.end - place.begin, nonsense);
        std::ofstream(folder.File("config.json")) << text;
        const auto source = FolderSource::Open(folder.path());
        ASSERT_FALSE(source) << text;
        const std::string& message = source.error().message();
        EXPECT_TRUE(message.starts_with(folder.path())) << message;
        EXPECT_EQ(message.find('\n'), std::string::npos) << message;
        EXPECT_LT(message.size(), folder.path().size() + 400) << message;
        ++tried;
      }
    }
  }
  EXPECT_GT(tried, 1500U);
}

TEST(FolderHostile, ManyLabelsAndManyKeysTakeNoLongerThanTheyMust) {
  const platform::TemporaryFolder folder;
  testing::FolderBuilder builder;
  builder.Add("classifier.weight", {2, 16});
  builder.config = R"({"model_type": "bert", "hidden_size": 16, "num_hidden_layers": 1,
      "num_attention_heads": 4, "intermediate_size": 24, "vocab_size": 20,
      "max_position_embeddings": 34, "id2label": {)";
  for (int id = 0; id < 100'000; ++id) {
    builder.config += (id == 0 ? "\"" : ",\"") + std::to_string(id) + "\":\"x\"";
  }
  builder.config += "}";
  for (int key = 0; key < 100'000; ++key) {
    builder.config += ",\"k" + std::to_string(key) + "\":0";
  }
  builder.config += "}";
  builder.Write(folder.path());
  const auto source = FolderSource::Open(folder.path());
  ASSERT_FALSE(source);
  EXPECT_NE(source.error().message().find("'bert.embeddings.word_embeddings.weight': missing"),
            std::string::npos)
      << source.error().message();
}

}  // namespace
}  // namespace fovea::model
