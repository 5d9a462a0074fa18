// Each hyperparameter zero, huge, odd or of the wrong type, one at a time and in pairs.
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "tests/hostile/run_model.h"
#include "tests/hostile/tiny_llama.h"

namespace fovea::testing {
namespace {

constexpr std::uint64_t kExtremes[] = {
    0,          1,          2,           3,
    7,          31,         33,          255,
    1024,       1025,       65536,       0x7FFFFFFF,
    0x80000000, 0xFFFFFFFF, 0x100000000, std::numeric_limits<std::uint64_t>::max()};

/// The tiny model with all its keys, except that `changed` keys are left to the caller.
GgufBuilder WithoutKeys(const std::vector<std::string>& changed) {
  std::mt19937_64 random(7);
  GgufBuilder builder = TinyLlamaTensors(random);
  const auto keep = [&](const std::string& key) {
    return std::find(changed.begin(), changed.end(), key) == changed.end();
  };
  if (keep("general.architecture")) builder.Add("general.architecture", "llama");
  for (const auto& [key, value] : TinyIntegerKeys()) {
    if (keep(key)) builder.Add(key, value);
  }
  for (const auto& [key, value] :
       {std::pair<std::string, float>{"llama.attention.layer_norm_rms_epsilon", 1e-5F},
        std::pair<std::string, float>{"llama.rope.freq_base", 10000.0F}}) {
    if (keep(key)) builder.Add(key, value);
  }
  if (keep("tokenizer")) AddTinyVocabulary(&builder);
  return builder;
}

TEST(HostileKeys, ThatAreMissingOneByOneRunOrGiveAnError) {
  const ModelFile file;
  std::vector<std::string> keys = {"general.architecture", "llama.attention.layer_norm_rms_epsilon",
                                   "llama.rope.freq_base", "tokenizer"};
  for (const auto& [key, value] : TinyIntegerKeys()) keys.push_back(key);
  for (const std::string& key : keys) {
    file.Write(WithoutKeys({key}).Build());
    static_cast<void>(RunModel(file.path()));
  }
}

TEST(HostileKeys, WithExtremeIntegersRunOrGiveAnError) {
  const ModelFile file;
  for (const auto& [key, right] : TinyIntegerKeys()) {
    for (const std::uint64_t value : kExtremes) {
      file.Write(WithoutKeys({key}).Add(key, value).Build());
      static_cast<void>(RunModel(file.path()));
    }
    file.Write(WithoutKeys({key}).Add(key, std::int32_t{-1}).Build());
    EXPECT_FALSE(key != "llama.vocab_size" && RunModel(file.path()).ok()) << key;
    file.Write(WithoutKeys({key}).Add(key, "text").Build());
    static_cast<void>(RunModel(file.path()));
    file.Write(WithoutKeys({key}).Add(key, std::vector<std::uint32_t>{}).Build());
    static_cast<void>(RunModel(file.path()));
  }
}

TEST(HostileKeys, WithTwoExtremeIntegersRunOrGiveAnError) {
  const ModelFile file;
  const std::vector<IntegerKey> keys = TinyIntegerKeys();
  for (std::size_t first = 0; first < keys.size(); ++first) {
    for (std::size_t second = first + 1; second < keys.size(); ++second) {
      for (const std::uint64_t a : {0U, 1U, 3U, 64U, 65536U, 0x80000000U, 0xFFFFFFFFU}) {
        for (const std::uint64_t b : {1U, 64U, 0x10000U, 0x7FFFFFFFU}) {
          file.Write(WithoutKeys({keys[first].first, keys[second].first})
                         .Add(keys[first].first, a)
                         .Add(keys[second].first, b)
                         .Build());
          static_cast<void>(RunModel(file.path()));
        }
      }
    }
  }
}

TEST(HostileKeys, WithStrangeFloatsRunOrGiveAnError) {
  const ModelFile file;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float values[] = {0.0F,      -0.0F,      -1.0F,
                          1e-45F,    1e30F,      std::numeric_limits<float>::max(),
                          kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN()};
  for (const char* key :
       {"llama.attention.layer_norm_rms_epsilon", "llama.rope.freq_base",
        "llama.rope.scaling.factor", "llama.rope.scale_linear", "llama.attention.scale",
        "llama.rope.scaling.attn_factor", "llama.rope.scaling.yarn_beta_fast"}) {
    for (const float value : values) {
      file.Write(WithoutKeys({key}).Add(key, value).Build());
      static_cast<void>(RunModel(file.path()));
      file.Write(WithoutKeys({key}).Add(key, value).Add("llama.rope.scaling.type", "yarn").Build());
      static_cast<void>(RunModel(file.path()));
    }
  }
}

TEST(HostileKeys, WithTokenIdsBeyondTheVocabularyAreRefused) {
  const ModelFile file;
  for (const char* key : {"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id",
                          "tokenizer.ggml.unknown_token_id", "tokenizer.ggml.padding_token_id"}) {
    GgufBuilder builder = WithoutKeys({"tokenizer"});
    builder.Add("tokenizer.ggml.model", "llama")
        .Add("tokenizer.ggml.tokens", std::vector<std::string>{"<unk>", "<s>", "</s>", "a"})
        .Add("tokenizer.ggml.scores", std::vector<float>{0, 0, 0, 0})
        .Add("tokenizer.ggml.token_type", std::vector<std::int32_t>{2, 3, 3, 1})
        .Add(key, std::uint32_t{4});
    file.Write(builder.Build());
    const Status status = RunModel(file.path());
    EXPECT_EQ(StatusCodeName(status.code()), std::string("malformed")) << status.message();
    EXPECT_NE(status.message().find(key), std::string::npos) << status.message();
  }
}

TEST(HostileKeys, WithMismatchedVocabulariesRunOrGiveAnError) {
  const ModelFile file;
  const std::vector<std::string> tokens = {"<unk>", "<s>", "</s>", "a"};
  for (const char* kind : {"llama", "gpt2", "bert", "t5", "none", "evil\n\x1b[2J"}) {
    for (const std::size_t scores :
         {std::size_t{0}, std::size_t{3}, std::size_t{4}, std::size_t{5}}) {
      GgufBuilder builder = WithoutKeys({"tokenizer"});
      builder.Add("tokenizer.ggml.model", kind)
          .Add("tokenizer.ggml.tokens", tokens)
          .Add("tokenizer.ggml.scores",
               std::vector<float>(scores, std::numeric_limits<float>::lowest()))
          .Add("tokenizer.ggml.token_type", std::vector<std::int32_t>(scores, 77))
          .Add("tokenizer.ggml.merges",
               std::vector<std::string>{"", " ", "a", "a a", "a  a", std::string(100000, 'a')});
      file.Write(builder.Build());
      static_cast<void>(RunModel(file.path()));
    }
  }
}

TEST(HostileKeys, WithFamiliesThatDoNotExistAreRefusedInOneLine) {
  const ModelFile file;
  for (const std::string& family : {std::string(), std::string("nonsense"),
                                    std::string("evil\n\x1b[2J\xFF"), std::string(100000, 'x')}) {
    file.Write(WithoutKeys({"general.architecture"}).Add("general.architecture", family).Build());
    const Status status = RunModel(file.path());
    EXPECT_EQ(StatusCodeName(status.code()), std::string("unsupported")) << status.message();
    EXPECT_LT(status.message().size(), 1000U);
  }
}

}  // namespace
}  // namespace fovea::testing
