// What an application lends: a model's bytes, memory, and threads.

#include "fovea/resources.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fovea/fovea.hpp>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace fovea {
namespace {

const char* const kModel = FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf";
const std::vector<std::int32_t> kIds = {1, 40, 300, 77, 1200, 9, 512, 33};

std::vector<std::byte> FileBytes() {
  std::ifstream file(kModel, std::ios::binary);
  const std::vector<char> chars((std::istreambuf_iterator<char>(file)), {});
  const auto bytes = std::as_bytes(std::span(chars));
  return {bytes.begin(), bytes.end()};
}

std::vector<float> Logits(const Model& model,
                          const SessionOptions& options = {.context_size = 16}) {
  auto session = Session::Create(model, options);
  EXPECT_TRUE(session) << session.error().message();
  auto logits = session->Prefill(kIds);
  EXPECT_TRUE(logits) << logits.error().message();
  return {logits->begin(), logits->end()};
}

/// The file's bytes at a chosen distance from a multiple of 64.
class PlacedBytes {
 public:
  explicit PlacedBytes(std::size_t offset) : bytes_(FileBytes()), storage_(bytes_.size() + 128) {
    const auto address = reinterpret_cast<std::uintptr_t>(storage_.data());
    begin_ = (64 - address % 64) % 64 + offset;
    std::memcpy(storage_.data() + begin_, bytes_.data(), bytes_.size());
  }
  std::span<const std::byte> span() const { return {storage_.data() + begin_, bytes_.size()}; }
  void Spoil() { std::fill(storage_.begin(), storage_.end(), std::byte{0xFF}); }

 private:
  std::vector<std::byte> bytes_;
  std::vector<std::byte> storage_;
  std::size_t begin_ = 0;
};

TEST(ModelFromBufferTest, GivesTheLogitsOfTheFileCopiedOrInPlace) {
  auto loaded = Model::Load(kModel);
  ASSERT_TRUE(loaded) << loaded.error().message();
  const std::vector<float> expected = Logits(*loaded);
  for (const bool in_place : {false, true}) {
    const PlacedBytes bytes(32);
    auto model = Model::FromBuffer(bytes.span(), {.map = in_place}, "inside");
    ASSERT_TRUE(model) << model.error().message();
    EXPECT_EQ(model->info().path, "inside");
    EXPECT_EQ(Logits(*model), expected);
    ASSERT_NE(model->tokenizer(), nullptr);
    EXPECT_EQ(model->info().content_hash, loaded->info().content_hash);
  }
}

TEST(ModelFromBufferTest, NeedsACopiedBufferOnlyWhileLoading) {
  PlacedBytes bytes(1);
  auto model = Model::FromBuffer(bytes.span());
  ASSERT_TRUE(model) << model.error().message();
  bytes.Spoil();
  auto loaded = Model::Load(kModel);
  EXPECT_EQ(Logits(*model), Logits(*loaded));
}

TEST(ModelFromBufferTest, RefusesAMisplacedBufferThatWouldBeUsedInPlace) {
  const PlacedBytes bytes(4);
  auto model = Model::FromBuffer(bytes.span(), {.map = true}, "inside");
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(model.error().message().find("inside: "), std::string::npos);
  EXPECT_NE(model.error().message().find("multiple of 32"), std::string::npos);
}

TEST(ModelFromBufferTest, NamesTheBufferInErrors) {
  const PlacedBytes bytes(0);
  auto model = Model::FromBuffer(bytes.span().first(1000), {}, "inside");
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code(), StatusCode::kMalformed);
  EXPECT_TRUE(model.error().message().starts_with("inside: ")) << model.error().message();

  model = Model::FromBuffer(bytes.span(), {.max_memory = 1000}, "inside");
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code(), StatusCode::kLimitExceeded);
  EXPECT_FALSE(Model::FromBuffer({}));
}

/// Counts what it gives and takes; gives filth, and nothing at all after `allowed` calls.
class CountingAllocator final : public Allocator {
 public:
  explicit CountingAllocator(std::size_t allowed = 1000) : allowed_(allowed) {}

  void* Allocate(std::size_t bytes) override {
    if (calls == allowed_) return nullptr;
    ++calls;
    total += bytes;
    void* block = std::malloc(bytes);
    std::memset(block, 0xA5, bytes);
    blocks[block] = bytes;
    return block;
  }
  void Free(void* block, std::size_t bytes) override {
    ASSERT_EQ(blocks.count(block), 1U);
    EXPECT_EQ(blocks[block], bytes);
    blocks.erase(block);
    std::free(block);
  }

  std::size_t calls = 0;
  std::size_t total = 0;
  std::map<void*, std::size_t> blocks;

 private:
  std::size_t allowed_;
};

TEST(AllocatorTest, GivesTheLargeBlocksAndTakesAllOfThemBack) {
  CountingAllocator memory;
  auto plain = Model::Load(kModel);
  {
    auto model = Model::Load(kModel, {.allocator = &memory});
    ASSERT_TRUE(model) << model.error().message();
    EXPECT_GE(memory.total, model->info().file_bytes);
    memory.total = 0;
    auto session = Session::Create(*model, {.context_size = 16, .allocator = &memory});
    ASSERT_TRUE(session);
    EXPECT_GE(memory.total, session->memory().total());
    memory.total = 0;
    AttentionRecorder maps({}, &memory);
    ASSERT_TRUE(session->Prefill(kIds, {.observer = &maps}));
    EXPECT_GE(memory.total, kIds.size() * kIds.size() * sizeof(float) * 4);
    EXPECT_EQ(Logits(*model, {.context_size = 16, .allocator = &memory}), Logits(*plain));
    EXPECT_GT(memory.blocks.size(), 3U);
  }
  EXPECT_TRUE(memory.blocks.empty());
}

TEST(AllocatorTest, ThatGivesNothingMakesAnError) {
  for (std::size_t allowed = 0; allowed < 4; ++allowed) {
    CountingAllocator memory(allowed);
    auto model = Model::Load(kModel, {.allocator = &memory});
    EXPECT_EQ(model.ok(), allowed > 0);
    if (!model) {
      EXPECT_EQ(model.error().code(), StatusCode::kOutOfMemory);
      continue;
    }
    auto session = Session::Create(*model, {.context_size = 16, .allocator = &memory});
    EXPECT_EQ(session.ok(), allowed > 2);
    if (!session) {
      EXPECT_EQ(session.error().code(), StatusCode::kOutOfMemory);
    }
  }
}

/// Runs every task on the caller's thread, in reverse, as if it were three workers.
class ReverseRunner final : public TaskRunner {
 public:
  explicit ReverseRunner(std::size_t workers = 3) : workers_(workers) {}
  std::size_t workers() const override { return workers_; }
  void Run(std::size_t tasks, Task task, void* context) override {
    ++runs;
    for (std::size_t i = tasks; i > 0; --i) task(context, i - 1, i % workers_);
  }
  std::size_t runs = 0;

 private:
  std::size_t workers_;
};

TEST(TaskRunnerTest, RunsTheWorkWithTheSameBits) {
  auto model = Model::Load(kModel);
  ASSERT_TRUE(model);
  ReverseRunner runner;
  const SessionOptions options = {.context_size = 16, .threads = 9999, .runner = &runner};
  EXPECT_EQ(Logits(*model, options), Logits(*model));
  EXPECT_GT(runner.runs, model->info().layers);
  auto session = Session::Create(*model, options);
  ASSERT_TRUE(session);
  EXPECT_EQ(session->threads(), 3U);
}

/// Two workers, of which the second is slow: it is given one task of every call and the first does
/// all the others meanwhile.
class SlowWorkerRunner final : public TaskRunner {
 public:
  std::size_t workers() const override { return 2; }
  void Run(std::size_t tasks, Task task, void* context) override {
    for (std::size_t i = 1; i < tasks; ++i) task(context, i, 0);
    if (tasks > 0) task(context, 0, 1);
    if (tasks > 1) fast += tasks - 1;
    if (tasks > 1) ++slow;
  }
  std::size_t fast = 0;
  std::size_t slow = 0;
};

TEST(TaskRunnerTest, GivesAFastWorkerMostTasksBesideASlowOneWithTheSameBits) {
  auto model = Model::Load(kModel);
  ASSERT_TRUE(model);
  SlowWorkerRunner runner;
  EXPECT_EQ(Logits(*model, {.context_size = 16, .runner = &runner}), Logits(*model));
  // Enough tasks in a call that one of them is a small part of the work.
  EXPECT_GT(runner.fast, 4 * runner.slow);
}

TEST(TaskRunnerTest, WithoutWorkersIsRefused) {
  auto model = Model::Load(kModel);
  ASSERT_TRUE(model);
  for (const std::size_t workers : {0U, 257U}) {
    ReverseRunner runner(workers);
    auto session = Session::Create(*model, {.context_size = 16, .runner = &runner});
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(session.error().message().find("task runner"), std::string::npos);
  }
}

}  // namespace
}  // namespace fovea
