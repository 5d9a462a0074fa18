// What a run will take is known before it takes it: compared with what the system and the allocator
// really give.

#include "fovea/memory_estimate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fovea/fovea.hpp>
#include <string>

#include "tests/format/memory_meter.h"
#include "tests/model/golden_models.h"

namespace fovea {
namespace {

const std::string kShipped = FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf";

TEST(MemoryEstimateTest, CountsTheFileAndWhatASessionAllocates) {
  for (const std::string& path :
       {kShipped, Data("gpt2"), Data("gemma3"), Data("granitemoe-shared")}) {
    const SessionOptions options = {.context_size = 32, .prefill_batch = 8, .threads = 3};
    auto memory = EstimateMemory(path, options);
    ASSERT_TRUE(memory) << memory.error().message();
    EXPECT_EQ(memory->model.weights, std::filesystem::file_size(path));
    auto model = Model::Load(path);
    ASSERT_TRUE(model);
    auto session = Session::Create(*model, options);
    ASSERT_TRUE(session);
    EXPECT_EQ(memory->session.kv_cache, session->memory().kv_cache);
    EXPECT_EQ(memory->session.scratch, session->memory().scratch);
    EXPECT_EQ(memory->total(), memory->model.weights + memory->model.metadata +
                                   memory->session.kv_cache + memory->session.scratch);
    auto loaded = EstimateMemory(*model, options);
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->total(), memory->total());
  }
}

TEST(MemoryEstimateTest, CountsTheMetadataThatTheAllocatorGives) {
  // gpt2 and qwen3moe have a byte-level vocabulary with merges, the others SentencePiece ones.
  for (const std::string& path : {kShipped, Data("gemma3"), Data("gpt2"), Data("qwen3moe")}) {
    const std::size_t before = testing::AllocatedBytes();
    auto model = Model::Load(path, {.map = true});
    ASSERT_TRUE(model) << model.error().message();
    ASSERT_NE(model->tokenizer(), nullptr) << path;
    const double held = static_cast<double>(testing::AllocatedBytes() - before);
    const double counted = static_cast<double>(model->memory().metadata);
    EXPECT_GT(counted, 0.9 * held) << path;
    EXPECT_LT(counted, 1.1 * held) << path;
  }
}

TEST(MemoryEstimateTest, AllocatesNoWeightsAndKeepsNothing) {
  const std::size_t before = testing::AllocatedBytes();
  testing::ResetPeak();
  const std::uint64_t weights = std::filesystem::file_size(kShipped);
  ASSERT_TRUE(EstimateMemory(kShipped));
  EXPECT_EQ(testing::AllocatedBytes(), before);
  EXPECT_LT(testing::PeakBytes() - before, weights / 2);
}

TEST(MemoryEstimateTest, GrowsWithTheContextAndTheWidthOfCachedElements) {
  const auto kv_cache = [](std::size_t tokens, DataType type) {
    return EstimateMemory(kShipped, {.context_size = tokens, .kv_type = type})->session.kv_cache;
  };
  EXPECT_EQ(kv_cache(512, DataType::kF16), 2 * kv_cache(256, DataType::kF16));
  EXPECT_EQ(kv_cache(256, DataType::kF32), 2 * kv_cache(256, DataType::kF16));
  EXPECT_LT(kv_cache(256, DataType::kQ8_0), kv_cache(256, DataType::kF16));
}

TEST(MemoryEstimateTest, RunningAllocatesNothing) {
  for (const std::string& path :
       {kShipped, Data("phi2"), Data("granitemoe-shared"), Data("encoders/jina-bert-v2"),
        Data("encoder_decoders/t5-gated")}) {
    auto model = Model::Load(path);
    ASSERT_TRUE(model) << model.error().message();
    auto session = Session::Create(*model, {.context_size = 32,
                                            .encoder_context_size = 32,
                                            .prefill_batch = 8,
                                            .threads = 2,
                                            .adaptive_threads = false});
    ASSERT_TRUE(session) << session.error().message();
    const std::vector<std::int32_t> ids(20, 5);
    const std::size_t before = testing::AllocatedBytes();
    testing::ResetPeak();
    if (model->info().has_encoder()) {
      ASSERT_TRUE(session->Encode(ids));
      ASSERT_TRUE(session->Embed(ids));
    }
    if (model->info().has_decoder()) {
      ASSERT_TRUE(session->Prefill(ids));
      ASSERT_TRUE(session->Decode(7));
    }
    EXPECT_EQ(testing::PeakBytes(), before) << path;
    EXPECT_EQ(testing::AllocatedBytes(), before) << path;
  }
}

TEST(MemoryEstimateTest, GivesTheErrorsOfLoadingAndPlanning) {
  EXPECT_EQ(EstimateMemory("/no/such/file").error().code(), StatusCode::kNotFound);
  const auto planned = EstimateMemory(kShipped, {.threads = 0});
  ASSERT_FALSE(planned);
  EXPECT_EQ(planned.error().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(EstimateMemory(kShipped, {.context_size = 512, .max_memory = 1000}).error().code(),
            StatusCode::kLimitExceeded);
}

}  // namespace
}  // namespace fovea
