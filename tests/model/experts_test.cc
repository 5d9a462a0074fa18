// Mixtures of experts: which experts a token gets, and that a token's numbers do not depend on the
// tokens that share its experts. Right numbers are checked in tests/golden.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fovea/fovea.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "tests/format/gguf_builder.h"
#include "tests/kernels/isas_to_test.h"
#include "tests/model/golden_models.h"
#include "tests/platform/temporary_folder.h"

namespace fovea {
namespace {

using testing::Bytes;
using testing::GgufBuilder;

/// Logits of every position, [tokens, vocabulary]; empty after a failure.
std::vector<float> AllLogits(const Model& model, const SessionOptions& options,
                             const std::vector<std::int32_t>& ids) {
  std::vector<float> all;
  auto session = Session::Create(model, options);
  EXPECT_TRUE(session) << session.error().message();
  if (!session) return all;
  auto logits = session->Prefill(ids, {.on_logits = [&](std::size_t, std::span<const float> row) {
                                   all.insert(all.end(), row.begin(), row.end());
                                 }});
  EXPECT_TRUE(logits) << logits.error().message();
  return all;
}

class MixtureOfExperts : public ::testing::TestWithParam<const char*> {};

TEST_P(MixtureOfExperts, GivesTheSameBitsForAnyPrefillBatchAndThreadCount) {
  auto model = Model::Load(Data(GetParam()));
  ASSERT_TRUE(model) << model.error().message();
  const auto ids = SomeIds(45);
  for (const Isa isa : IsasToTest()) {
    for (const Arithmetic arithmetic : {Arithmetic::kExact, Arithmetic::kFast}) {
      SCOPED_TRACE(std::string(IsaName(isa)) +
                   (arithmetic == Arithmetic::kExact ? " exact" : " fast"));
      const auto whole =
          AllLogits(*model, {.context_size = 48, .arithmetic = arithmetic, .isa = isa}, ids);
      ASSERT_EQ(whole.size(), ids.size() * model->info().vocabulary);
      for (const std::size_t prefill_batch : {1U, 7U, 16U, 33U}) {
        for (const std::size_t threads : {1U, 2U, 3U}) {
          const auto split = AllLogits(*model,
                                       {.context_size = 48,
                                        .prefill_batch = prefill_batch,
                                        .arithmetic = arithmetic,
                                        .threads = threads,
                                        .adaptive_threads = false,
                                        .isa = isa},
                                       ids);
          ASSERT_EQ(split, whole) << prefill_batch << " " << threads;
        }
      }
    }
  }
}

TEST_P(MixtureOfExperts, DecodesTheBitsOfItsPrefill) {
  auto model = Model::Load(Data(GetParam()));
  ASSERT_TRUE(model) << model.error().message();
  const auto ids = SomeIds(20);
  const auto whole = AllLogits(*model, {.context_size = 32}, ids);
  const std::size_t vocabulary = model->info().vocabulary;
  ASSERT_EQ(whole.size(), ids.size() * vocabulary);
  auto session = Session::Create(*model, {.context_size = 32});
  ASSERT_TRUE(session) << session.error().message();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    auto logits = session->Decode(ids[i]);
    ASSERT_TRUE(logits) << logits.error().message();
    const auto first = whole.begin() + static_cast<std::ptrdiff_t>(i * vocabulary);
    ASSERT_TRUE(std::equal(logits->begin(), logits->end(), first)) << "position " << i;
  }
}

TEST_P(MixtureOfExperts, GivesTheSameBitsWhenOnlyTheLastLogitsAreRead) {
  auto model = Model::Load(Data(GetParam()));
  ASSERT_TRUE(model) << model.error().message();
  const auto ids = SomeIds(20);
  const auto whole = AllLogits(*model, {.context_size = 32}, ids);
  auto session = Session::Create(*model, {.context_size = 32});
  ASSERT_TRUE(session) << session.error().message();
  auto logits = session->Prefill(ids);  // The last layer runs for the last token alone.
  ASSERT_TRUE(logits) << logits.error().message();
  ASSERT_GE(whole.size(), logits->size());
  EXPECT_TRUE(std::equal(logits->rbegin(), logits->rend(), whole.rbegin()));
}

INSTANTIATE_TEST_SUITE_P(Families, MixtureOfExperts,
                         ::testing::Values("qwen3moe", "qwen3moe-q8_0", "olmoe", "granitemoe",
                                           "granitemoe-shared"),
                         ModelName());

/// A one-layer olmoe file with four experts, of which a token uses two. Embeddings, output and the
/// experts' weights are all different; attention adds nothing, its output projection being zero.
class RouterTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kSize = 8;
  static constexpr std::size_t kExperts = 4;
  static constexpr std::size_t kVocabulary = 10;

  static Bytes Floats(const std::vector<float>& values) {
    Bytes bytes(values.size() * sizeof(float));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
  }
  /// `count` values in [-1, 1], a different series for each `seed`.
  static std::vector<float> Values(std::size_t count, std::uint32_t seed) {
    std::vector<float> values(count);
    std::uint32_t state = seed * 2654435761U + 1U;
    for (float& value : values) {
      state = state * 1664525U + 1013904223U;
      value = static_cast<float>(state >> 8) / static_cast<float>(1U << 23) - 1.0F;
    }
    return values;
  }

  /// router: [experts, size]. Experts for which `alive` is false give 0.
  std::vector<float> Logits(const std::vector<float>& router, const std::vector<bool>& alive) {
    GgufBuilder file;
    file.Add("general.architecture", "olmoe")
        .Add("olmoe.block_count", std::uint32_t{1})
        .Add("olmoe.embedding_length", std::uint32_t{kSize})
        .Add("olmoe.context_length", std::uint32_t{16})
        .Add("olmoe.feed_forward_length", std::uint32_t{kSize})
        .Add("olmoe.attention.head_count", std::uint32_t{2})
        .Add("olmoe.attention.layer_norm_rms_epsilon", 1e-5F)
        .Add("olmoe.expert_count", std::uint32_t{kExperts})
        .Add("olmoe.expert_used_count", std::uint32_t{2});
    const auto add = [&](const char* name, std::vector<std::uint64_t> shape,
                         const std::vector<float>& values) {
      file.AddTensor(name, DataType::kF32, std::move(shape), Floats(values));
    };
    const std::vector<float> ones(kSize, 1.0F);
    constexpr std::size_t kMatrix = kSize * kSize;
    add("token_embd.weight", {kSize, kVocabulary}, Values(kSize * kVocabulary, 1));
    add("output.weight", {kSize, kVocabulary}, Values(kSize * kVocabulary, 2));
    for (const char* name :
         {"output_norm.weight", "blk.0.attn_norm.weight", "blk.0.ffn_norm.weight",
          "blk.0.attn_q_norm.weight", "blk.0.attn_k_norm.weight"}) {
      add(name, {kSize}, ones);
    }
    for (const char* name : {"blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.0.attn_v.weight",
                             "blk.0.attn_output.weight"}) {
      add(name, {kSize, kSize}, std::vector<float>(kMatrix, 0.0F));
    }
    add("blk.0.ffn_gate_inp.weight", {kSize, kExperts}, router);
    add("blk.0.ffn_gate_exps.weight", {kSize, kSize, kExperts}, Values(kMatrix * kExperts, 3));
    add("blk.0.ffn_up_exps.weight", {kSize, kSize, kExperts}, Values(kMatrix * kExperts, 4));
    std::vector<float> down = Values(kMatrix * kExperts, 5);
    for (std::size_t expert = 0; expert < kExperts; ++expert) {
      if (!alive[expert]) {
        std::fill_n(down.begin() + static_cast<std::ptrdiff_t>(expert * kMatrix), kMatrix, 0.0F);
      }
    }
    add("blk.0.ffn_down_exps.weight", {kSize, kSize, kExperts}, down);

    const std::string path = folder_.File("router.gguf");
    const Bytes bytes = file.Build();
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    auto model = Model::Load(path);
    EXPECT_TRUE(model) << model.error().message();
    return model ? AllLogits(*model, {}, {3, 1, 4, 1, 5}) : std::vector<float>();
  }

  platform::TemporaryFolder folder_;
};

TEST_F(RouterTest, TakesTheFirstOfExpertsWithEqualLogits) {
  const std::vector<float> equal(kExperts * kSize, 0.0F);
  const auto all = Logits(equal, {true, true, true, true});
  ASSERT_EQ(all.size(), 5 * kVocabulary);
  EXPECT_EQ(Logits(equal, {true, true, false, false}), all);
  EXPECT_NE(Logits(equal, {true, false, true, true}), all);
  EXPECT_NE(Logits(equal, {false, true, true, true}), all);
}

TEST_F(RouterTest, TakesALargerLogitBeforeEarlierExperts) {
  // Rows 2 and 3 are opposite: one of them has a positive logit, the other a negative one, and
  // experts 0 and 1 have 0. So every token uses expert 0, and 2 or 3, but never 1.
  std::vector<float> router(kExperts * kSize, 0.0F);
  const std::vector<float> row = Values(kSize, 6);
  for (std::size_t i = 0; i < kSize; ++i) {
    router[2 * kSize + i] = row[i];
    router[3 * kSize + i] = -row[i];
  }
  const auto all = Logits(router, {true, true, true, true});
  ASSERT_EQ(all.size(), 5 * kVocabulary);
  EXPECT_EQ(Logits(router, {true, false, true, true}), all);
  EXPECT_NE(Logits(router, {false, true, true, true}), all);
  EXPECT_NE(Logits(router, {true, true, false, false}), all);
}

}  // namespace
}  // namespace fovea
