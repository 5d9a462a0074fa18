// Every key that sizes or shapes a model, wrong in turn: the error names the file and the key.

#include "engine/model/load/read_hyperparameters.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/format/format_testing.h"
#include "tests/model/editable_llama.h"

namespace fovea::model {
namespace {

using testing::EditableLlama;
using testing::ExpectMessage;

Result<Hyperparameters> Read(const EditableLlama& llama) {
  const testing::Bytes bytes = llama.Build();
  auto file = testing::Open(bytes);
  EXPECT_TRUE(file) << file.error().message();
  return ReadHyperparameters(*file);
}

void ExpectError(const EditableLlama& llama, StatusCode code,
                 std::initializer_list<std::string_view> pieces) {
  auto hp = Read(llama);
  ASSERT_FALSE(hp);
  ExpectMessage(hp.error(), code, pieces);
}

TEST(Hyperparameters, ReadsAValidFile) {
  auto hp =
      Read(EditableLlama().Set("general.name", "tiny").Set("llama.rope.freq_base", 500000.0F));
  ASSERT_TRUE(hp) << hp.error().message();
  EXPECT_EQ(hp->info.family, "llama");
  EXPECT_EQ(hp->info.name, "tiny");
  EXPECT_EQ(hp->info.layers, 2U);
  EXPECT_EQ(hp->info.heads, 4U);
  EXPECT_EQ(hp->info.kv_heads, 2U);
  EXPECT_EQ(hp->info.head_dim, 4U);
  EXPECT_EQ(hp->info.value_dim, 4U);
  EXPECT_EQ(hp->info.position, PositionKind::kRopeInterleaved);
  EXPECT_EQ(hp->rope.dims, 4U);
  EXPECT_FLOAT_EQ(hp->rope.base, 500000.0F);
  EXPECT_FLOAT_EQ(hp->info.attention_scale, 0.5F);
  EXPECT_EQ(hp->info.rope_scaling, RopeScaling::kNone);
}

TEST(Hyperparameters, RefusesAnUnknownFamilyByNameAndListsTheKnown) {
  ExpectError(EditableLlama().Set("general.architecture", "mamba"), StatusCode::kUnsupported,
              {"mamba", "llama", "qwen2", "gpt2", "stablelm"});
  ExpectError(EditableLlama().Remove("general.architecture"), StatusCode::kNotFound,
              {"general.architecture"});
  ExpectError(EditableLlama().Set("general.architecture", std::uint32_t{3}), StatusCode::kMalformed,
              {"general.architecture"});
  // A name made to mislead a terminal arrives escaped.
  auto hp = Read(EditableLlama().Set("general.architecture", "\x1b[31mred\n"));
  ASSERT_FALSE(hp);
  EXPECT_EQ(hp.error().message().find('\x1b'), std::string::npos);
  EXPECT_EQ(hp.error().message().find('\n'), std::string::npos);
}

TEST(Hyperparameters, RefusesMissingZeroAndHugeNumbers) {
  for (const char* key : {"llama.block_count", "llama.embedding_length", "llama.context_length",
                          "llama.feed_forward_length", "llama.attention.head_count"}) {
    SCOPED_TRACE(key);
    ExpectError(EditableLlama().Remove(key), StatusCode::kNotFound, {key});
    ExpectError(EditableLlama().Set(key, std::uint32_t{0}), StatusCode::kMalformed, {key});
    ExpectError(EditableLlama().Set(key, std::uint32_t{0xFFFFFFFF}), StatusCode::kLimitExceeded,
                {key});
    ExpectError(EditableLlama().Set(key, std::int32_t{-4}), StatusCode::kMalformed, {key});
    ExpectError(EditableLlama().Set(key, "8"), StatusCode::kMalformed, {key});
  }
  ExpectError(EditableLlama().Set("llama.block_count", std::uint32_t{1025}),
              StatusCode::kLimitExceeded, {"llama.block_count", "1024"});
  ExpectError(EditableLlama().Set("llama.attention.key_length", std::uint32_t{0}),
              StatusCode::kMalformed, {"llama.attention.key_length"});
}

TEST(Hyperparameters, RefusesHeadsThatDoNotDivide) {
  ExpectError(EditableLlama().Set("llama.attention.head_count_kv", std::uint32_t{3}),
              StatusCode::kMalformed, {"head_count_kv", "3", "4"});
  ExpectError(EditableLlama().Set("llama.attention.head_count_kv", std::uint32_t{8}),
              StatusCode::kMalformed, {"head_count_kv"});
  ExpectError(EditableLlama()
                  .Set("llama.attention.head_count", std::uint32_t{5})
                  .Set("llama.attention.head_count_kv", std::uint32_t{5}),
              StatusCode::kMalformed, {"llama.attention.head_count", "5", "16"});
}

TEST(Hyperparameters, AcceptsOneNumberPerLayerIfAllAreEqual) {
  using Numbers = std::vector<std::uint32_t>;
  EXPECT_TRUE(Read(EditableLlama().Set("llama.attention.head_count", Numbers{4, 4})));
  ExpectError(EditableLlama().Set("llama.attention.head_count", Numbers{4, 2}),
              StatusCode::kUnsupported, {"llama.attention.head_count", "layers"});
  ExpectError(EditableLlama().Set("llama.feed_forward_length", Numbers{24}), StatusCode::kMalformed,
              {"llama.feed_forward_length"});
}

TEST(Hyperparameters, RefusesRopeThatCannotRotate) {
  ExpectError(EditableLlama().Set("llama.rope.dimension_count", std::uint32_t{3}),
              StatusCode::kMalformed, {"llama.rope.dimension_count"});
  ExpectError(EditableLlama().Set("llama.rope.dimension_count", std::uint32_t{6}),
              StatusCode::kMalformed, {"llama.rope.dimension_count"});
  ExpectError(EditableLlama().Set("llama.rope.freq_base", -1.0F), StatusCode::kMalformed,
              {"llama.rope.freq_base"});
  ExpectError(EditableLlama().Set("llama.rope.freq_base", std::numeric_limits<float>::quiet_NaN()),
              StatusCode::kMalformed, {"llama.rope.freq_base"});
  ExpectError(EditableLlama().Set("llama.rope.scaling.type", "magic"), StatusCode::kUnsupported,
              {"llama.rope.scaling.type", "magic", "yarn"});
}

TEST(Hyperparameters, ReadsRopeScaling) {
  auto linear = Read(EditableLlama().Set("llama.rope.scaling.factor", 4.0F));
  ASSERT_TRUE(linear);
  EXPECT_EQ(linear->rope.scaling, RopeScaling::kLinear);
  EXPECT_FLOAT_EQ(linear->rope.factor, 4.0F);
  auto yarn = Read(EditableLlama()
                       .Set("llama.rope.scaling.type", "yarn")
                       .Set("llama.rope.scaling.factor", 2.0F)
                       .Set("llama.rope.scaling.original_context_length", std::uint32_t{16}));
  ASSERT_TRUE(yarn);
  EXPECT_EQ(yarn->info.rope_scaling, RopeScaling::kYarn);
  EXPECT_EQ(yarn->rope.original_context, 16U);
}

TEST(Hyperparameters, RefusesWhatWouldMakeMapsSilentlyWrong) {
  ExpectError(EditableLlama().Set("llama.expert_count", std::uint32_t{8}), StatusCode::kUnsupported,
              {"llama.expert_count"});
  ExpectError(EditableLlama().Set("llama.attention.max_alibi_bias", 8.0F), StatusCode::kUnsupported,
              {"max_alibi_bias"});
  ExpectError(EditableLlama().Set("llama.attention.causal", false), StatusCode::kUnsupported,
              {"llama.attention.causal"});
}

TEST(Hyperparameters, Gemma2AlternatesWindowsAndGemma3LeavesEverySixthLayerOpen) {
  const auto gemma = [](const char* family, std::uint32_t layers) {
    const std::string prefix = std::string(family) + ".";
    EditableLlama file;
    file.Set("general.architecture", family)
        .Set(prefix + "block_count", layers)
        .Set(prefix + "embedding_length", std::uint32_t{16})
        .Set(prefix + "context_length", std::uint32_t{32})
        .Set(prefix + "feed_forward_length", std::uint32_t{24})
        .Set(prefix + "attention.head_count", std::uint32_t{4})
        .Set(prefix + "attention.layer_norm_rms_epsilon", 1e-6F);
    return file;
  };
  auto two = Read(gemma("gemma2", 4));
  ASSERT_TRUE(two) << two.error().message();
  EXPECT_EQ(two->info.windows, (std::vector<std::size_t>{4096, 0, 4096, 0}));
  EXPECT_FLOAT_EQ(two->info.attention_softcap, 50.0F);
  EXPECT_FLOAT_EQ(two->info.logit_softcap, 30.0F);
  auto big = Read(gemma("gemma2", 46).Set("gemma2.attention.key_length", std::uint32_t{8}));
  ASSERT_TRUE(big);
  EXPECT_FLOAT_EQ(big->info.attention_scale, 0.5F);  // 1 / sqrt(16 / 4), not 1 / sqrt(8)

  auto open = Read(gemma("gemma3", 7));
  ASSERT_TRUE(open);
  EXPECT_EQ(open->info.windows, std::vector<std::size_t>(7, 0));
  auto three = Read(gemma("gemma3", 7).Set("gemma3.attention.sliding_window", std::uint32_t{9}));
  ASSERT_TRUE(three);
  EXPECT_EQ(three->info.windows, (std::vector<std::size_t>{9, 9, 9, 9, 9, 0, 9}));
  EXPECT_FLOAT_EQ(three->window_rope.base, 10000.0F);
}

}  // namespace
}  // namespace fovea::model
