// Two models and many sessions at once, from several threads: nothing is shared but what may be,
// and every run gives the bits that it gives alone. Built with -DFOVEA_SANITIZE=thread this is the
// test that ThreadSanitizer watches.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <condition_variable>
#include <cstdint>
#include <fovea/fovea.hpp>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "tests/model/golden_models.h"

namespace fovea {
namespace {

constexpr std::size_t kThreads = 8;
constexpr std::size_t kPrompt = 11;
constexpr std::size_t kDecoded = 3;

/// What one run gives: logits after the prompt and after each decoded token, and the maps.
struct Outcome {
  std::vector<float> logits;
  std::vector<float> maps;
  friend bool operator==(const Outcome& a, const Outcome& b) {
    const auto same = [](const std::vector<float>& x, const std::vector<float>& y) {
      // As bits, so that a NaN equals itself.
      return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](float p, float q) {
        return std::bit_cast<std::uint32_t>(p) == std::bit_cast<std::uint32_t>(q);
      });
    };
    return same(a.logits, b.logits) && same(a.maps, b.maps);
  }
};

void Append(std::vector<float>& to, std::span<const float> values) {
  to.insert(to.end(), values.begin(), values.end());
}

/// Forgets what the session holds, runs the prompt and some tokens more, observed or not.
Outcome RunOnce(Session& session, const ModelInfo& info, bool observed) {
  Outcome outcome;
  AttentionRecorder recorder;
  const RunOptions run = {.observer = observed ? &recorder : nullptr};
  const std::vector<std::int32_t> ids = SomeIds(kPrompt + kDecoded);
  EXPECT_TRUE(session.Truncate(0).ok());
  auto logits = session.Prefill(std::span(ids).first(kPrompt), run);
  EXPECT_TRUE(logits) << logits.error().message();
  Append(outcome.logits, *logits);
  for (std::size_t i = kPrompt; i < ids.size(); ++i) {
    logits = session.Decode(ids[i], run);
    EXPECT_TRUE(logits) << logits.error().message();
    Append(outcome.logits, *logits);
  }
  if (!observed) return outcome;
  for (std::size_t layer = 0; layer < info.layers; ++layer) {
    for (std::size_t head = 0; head < info.heads; ++head) {
      const AttentionRecorder::View view = recorder.Map(layer, head);
      for (std::size_t query = 0; query < view.queries; ++query) {
        Append(outcome.maps, {view.weights + query * view.stride, query + 1});
      }
    }
  }
  return outcome;
}

/// Threads of an application that many sessions use at the same time: each call starts its own.
class SharedRunner final : public TaskRunner {
 public:
  std::size_t workers() const override { return 2; }
  void Run(std::size_t tasks, Task task, void* context) override {
    std::atomic<std::size_t> next{0};
    const auto work = [&](std::size_t worker) {
      for (std::size_t i = next++; i < tasks; i = next++) task(context, i, worker);
    };
    std::thread second(work, 1);
    work(0);
    second.join();
    ++runs;
  }
  std::atomic<std::size_t> runs{0};
};

/// Sessions of a model differ in what must not change the bits (threads, prefill batches) and,
/// every second one, in what does (arithmetic).
SessionOptions OptionsOf(std::size_t thread, TaskRunner* runner) {
  return {.context_size = kPrompt + kDecoded,
          .prefill_batch = thread % 3 == 0 ? std::size_t{256} : std::size_t{4},
          .arithmetic = thread % 2 == 0 ? Arithmetic::kFast : Arithmetic::kExact,
          .threads = 1 + thread % 3,
          .adaptive_threads = false,
          .runner = thread == 5 ? runner : nullptr};
}

/// Lets threads begin together.
class Gate {
 public:
  void Pass() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (++waiting_ == kThreads) open_.notify_all();
    open_.wait(lock, [this] { return waiting_ >= kThreads; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable open_;
  std::size_t waiting_ = 0;
};

class ManySessionsTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kModels = 2;
  void SetUp() override {
    for (const char* name : {"llama-quantized", "gemma2"}) {
      auto model = Model::Load(Data(name));
      ASSERT_TRUE(model) << model.error().message();
      models_.push_back(std::move(*model));
    }
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
      SessionOptions alone = OptionsOf(thread, nullptr);
      alone.threads = 1;
      alone.prefill_batch = 256;
      auto session = Session::Create(ModelOf(thread), alone);
      ASSERT_TRUE(session) << session.error().message();
      expected_.push_back(RunOnce(*session, ModelOf(thread).info(), /*observed=*/true));
    }
  }
  const Model& ModelOf(std::size_t thread) const { return models_[thread / 2 % kModels]; }

  /// Runs `times` times in each of the threads at once; how many runs gave other bits.
  std::size_t WrongRuns(std::size_t times, bool observed, bool new_sessions) {
    Gate gate;
    std::atomic<std::size_t> wrong{0};
    std::vector<std::thread> threads;
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        const Model& model = ModelOf(thread);
        auto session = Session::Create(model, OptionsOf(thread, &runner_));
        Outcome expected = expected_[thread];
        if (!observed) expected.maps.clear();
        gate.Pass();
        for (std::size_t i = 0; i < times; ++i) {
          if (new_sessions) session = Session::Create(model, OptionsOf(thread, &runner_));
          if (!session || !(RunOnce(*session, model.info(), observed) == expected)) ++wrong;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    return wrong;
  }

  SharedRunner runner_;
  std::vector<Model> models_;
  std::vector<Outcome> expected_;  ///< Of each thread's session, alone.
};

TEST_F(ManySessionsTest, OfTwoModelsGiveTheBitsOfEachAloneWhileWatched) {
  EXPECT_EQ(WrongRuns(25, /*observed=*/true, /*new_sessions=*/false), 0U);
  EXPECT_GT(runner_.runs, 0U);
}

// 8 threads, 4 calls in a run: 10,000 calls.
TEST_F(ManySessionsTest, GiveTheSameBitsInTenThousandCalls) {
  EXPECT_EQ(WrongRuns(10'000 / (kThreads * (1 + kDecoded)) + 1, /*observed=*/false,
                      /*new_sessions=*/false),
            0U);
}

TEST_F(ManySessionsTest, MayComeAndGoWhileOthersRun) {
  EXPECT_EQ(WrongRuns(10, /*observed=*/true, /*new_sessions=*/true), 0U);
}

TEST_F(ManySessionsTest, RunWhileModelsAreLoadedAndTextIsTokenized) {
  const std::string shipped = FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf";
  auto text_model = Model::Load(shipped);
  ASSERT_TRUE(text_model) << text_model.error().message();
  const std::string text = "The cat sat on the mat, because it was tired.";
  const std::size_t tokens = text_model->tokenizer()->Tokenize(text)->size();
  std::atomic<bool> done{false};
  std::atomic<std::size_t> failures{0};
  std::vector<std::thread> others;
  for (int i = 0; i < 2; ++i) {
    others.emplace_back([&] {
      while (!done) {
        const auto ids = text_model->tokenizer()->Tokenize(text);
        if (!ids || ids->size() != tokens) ++failures;
      }
    });
    others.emplace_back([&] {
      while (!done) {
        if (!Model::Load(Data("llama-quantized")) || !EstimateMemory(shipped)) ++failures;
      }
    });
  }
  EXPECT_EQ(WrongRuns(10, /*observed=*/true, /*new_sessions=*/false), 0U);
  done = true;
  for (std::thread& other : others) other.join();
  EXPECT_EQ(failures, 0U);
}

}  // namespace
}  // namespace fovea
