// What a session promises besides right numbers (those are in tests/golden): results that do not
// depend on prefill batches, threads or observers, errors that change nothing, memory that is
// planned.

#include "fovea/session.h"
#include "tests/kernels/isas_to_test.h"
#include "tests/model/golden_models.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fovea/fovea.hpp>
#include <numeric>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace fovea {
namespace {

struct Outcome {
  std::vector<float> last;  // [vocabulary]
  std::vector<float> all;   // [tokens, vocabulary]
  std::vector<float> maps;  // [layers, heads, tokens, tokens]
};

Outcome RunAll(const Model& model, const SessionOptions& options,
               const std::vector<std::int32_t>& ids) {
  Outcome outcome;
  auto session = Session::Create(model, options);
  EXPECT_TRUE(session) << session.error().message();
  AttentionRecorder recorder;
  auto logits = session->Prefill(
      ids, {.observer = &recorder, .on_logits = [&](std::size_t, std::span<const float> row) {
              outcome.all.insert(outcome.all.end(), row.begin(), row.end());
            }});
  EXPECT_TRUE(logits) << logits.error().message();
  outcome.last.assign(logits->begin(), logits->end());
  for (std::size_t layer = 0; layer < model.info().layers; ++layer) {
    for (std::size_t head = 0; head < model.info().heads; ++head) {
      const auto map = recorder.Map(layer, head);
      for (std::size_t q = 0; q < map.queries; ++q) {
        for (std::size_t k = 0; k < map.keys; ++k) outcome.maps.push_back(map.At(q, k));
      }
    }
  }
  return outcome;
}

class SessionOfFamily : public ::testing::TestWithParam<const char*> {};

TEST_P(SessionOfFamily, GivesTheSameBitsForAnyPrefillBatchAndThreadCount) {
  auto model = Model::Load(Data(GetParam()));
  ASSERT_TRUE(model) << model.error().message();
  const auto ids = SomeIds(45);
  for (const Isa isa : IsasToTest()) {
    SCOPED_TRACE(IsaName(isa));
    const Outcome whole = RunAll(*model, {.context_size = 48, .isa = isa}, ids);
    EXPECT_EQ(whole.all.size(), ids.size() * model->info().vocabulary);
    for (const std::size_t prefill_batch : {1U, 7U, 16U, 33U}) {
      for (const std::size_t threads : {1U, 2U, 3U}) {
        const Outcome split = RunAll(*model,
                                     {.context_size = 48,
                                      .prefill_batch = prefill_batch,
                                      .threads = threads,
                                      .adaptive_threads = false,
                                      .isa = isa},
                                     ids);
        ASSERT_EQ(split.last, whole.last) << prefill_batch << " " << threads;
        ASSERT_EQ(split.all, whole.all) << prefill_batch << " " << threads;
        ASSERT_EQ(split.maps, whole.maps) << prefill_batch << " " << threads;
      }
    }
  }
}

TEST_P(SessionOfFamily, GivesTheSameBitsWithAndWithoutAnObserver) {
  auto model = Model::Load(Data(GetParam()));
  ASSERT_TRUE(model) << model.error().message();
  const auto ids = SomeIds(40);
  const Outcome with_observer = RunAll(*model, {.context_size = 64, .prefill_batch = 16}, ids);
  auto session = Session::Create(*model, {.context_size = 64, .prefill_batch = 16});
  ASSERT_TRUE(session);
  auto logits = session->Prefill(ids);  // The path that skips what nobody reads.
  ASSERT_TRUE(logits);
  EXPECT_EQ(std::vector<float>(logits->begin(), logits->end()), with_observer.last);
}

INSTANTIATE_TEST_SUITE_P(Families, SessionOfFamily,
                         ::testing::Values("llama", "gpt2", "gemma2", "gemma3", "phi2", "phi3",
                                           "gptneox", "stablelm-parallel", "llama-quantized"),
                         ModelName());

class SessionTest : public LlamaTest {
 protected:
  Session Make(const SessionOptions& options = {}) {
    auto session = Session::Create(model(), options);
    EXPECT_TRUE(session) << session.error().message();
    return std::move(*session);
  }
};

TEST_F(SessionTest, StitchesDecodedTokensIntoOneTriangle) {
  const auto ids = SomeIds(20);
  const Outcome whole = RunAll(model(), {}, ids);
  Session session = Make();
  AttentionRecorder recorder;
  ASSERT_TRUE(session.Prefill(std::span(ids).first(12), {.observer = &recorder}));
  for (std::size_t i = 12; i < ids.size(); ++i) {
    ASSERT_TRUE(session.Decode(ids[i], {.observer = &recorder}));
  }
  EXPECT_EQ(recorder.tokens(), ids.size());
  std::size_t at = 0;
  for (std::size_t layer = 0; layer < model().info().layers; ++layer) {
    for (std::size_t head = 0; head < model().info().heads; ++head) {
      for (std::size_t q = 0; q < ids.size(); ++q) {
        for (std::size_t k = 0; k < ids.size(); ++k) {
          ASSERT_EQ(recorder.Map(layer, head).At(q, k), whole.maps[at++]);
        }
      }
    }
  }
}

TEST_F(SessionTest, TruncateGoesBackInTime) {
  const auto ids = SomeIds(20);
  Session session = Make();
  auto first = session.Prefill(ids);
  ASSERT_TRUE(first);
  const std::vector<float> want(first->begin(), first->end());
  ASSERT_TRUE(session.Truncate(9).ok());
  EXPECT_EQ(session.position(), 9U);
  auto again = session.Prefill(std::span(ids).subspan(9));
  ASSERT_TRUE(again);
  EXPECT_EQ(std::vector<float>(again->begin(), again->end()), want);
  EXPECT_EQ(session.Truncate(21).code(), StatusCode::kInvalidArgument);
}

TEST_F(SessionTest, RefusesBadTokensAndStaysUsable) {
  Session session = Make({.context_size = 10});
  const auto ids = SomeIds(6);
  ASSERT_TRUE(session.Prefill(ids));
  const auto vocabulary = static_cast<std::int32_t>(model().info().vocabulary);
  for (const std::int32_t bad : {-1, vocabulary, INT32_MAX, INT32_MIN}) {
    auto result = session.Decode(bad);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(result.error().message().find(std::to_string(bad)), std::string::npos);
  }
  EXPECT_EQ(session.Prefill({}).error().code(), StatusCode::kInvalidArgument);
  auto over = session.Prefill(SomeIds(5));
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code(), StatusCode::kLimitExceeded);
  EXPECT_EQ(session.position(), 6U);
  EXPECT_TRUE(session.Prefill(SomeIds(4)));
  EXPECT_EQ(session.Decode(5).error().code(), StatusCode::kLimitExceeded);
}

TEST_F(SessionTest, CancelsAtALayerAndKeepsTheCache) {
  const auto ids = SomeIds(30);
  Session session = Make({.prefill_batch = 8});
  ASSERT_TRUE(session.Prefill(std::span(ids).first(10)));
  int asked = 0;
  auto result =
      session.Prefill(std::span(ids).subspan(10), {.cancelled = [&] { return ++asked == 4; }});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), StatusCode::kCancelled);
  EXPECT_EQ(session.position(), 10U);
  auto resumed = session.Prefill(std::span(ids).subspan(10));
  ASSERT_TRUE(resumed);
  const Outcome whole = RunAll(model(), {}, ids);
  EXPECT_EQ(std::vector<float>(resumed->begin(), resumed->end()), whole.last);
}

TEST_F(SessionTest, ReportsProgressUpToOne) {
  Session session = Make({.prefill_batch = 8});
  std::vector<double> progress;
  ASSERT_TRUE(
      session.Prefill(SomeIds(20), {.on_progress = [&](double d) { progress.push_back(d); }}));
  EXPECT_EQ(progress.size(), 3 * model().info().layers);
  EXPECT_TRUE(std::is_sorted(progress.begin(), progress.end()));
  EXPECT_DOUBLE_EQ(progress.back(), 1.0);
}

TEST_F(SessionTest, KnowsItsMemoryBeforeItTakesIt) {
  const SessionOptions options{.context_size = 64, .kv_type = DataType::kF16};
  auto plan = Session::Plan(model(), options);
  ASSERT_TRUE(plan);
  const ModelInfo& info = model().info();
  EXPECT_GE(plan->kv_cache,
            info.layers * info.kv_heads * 64 * (info.head_dim + info.value_dim) * 2);
  Session session = Make(options);
  EXPECT_EQ(session.memory().total(), plan->total());
  SessionOptions tight = options;
  tight.max_memory = plan->total() - 1;
  auto refused = Session::Create(model(), tight);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), StatusCode::kLimitExceeded);
  tight.max_memory = plan->total();
  auto fits = Session::Create(model(), tight);
  ASSERT_TRUE(fits);
  // Rows for an observer come on top, and count against the same budget.
  AttentionRecorder recorder;
  auto with_observer = fits->Prefill(SomeIds(4), {.observer = &recorder});
  ASSERT_FALSE(with_observer);
  EXPECT_EQ(with_observer.error().code(), StatusCode::kLimitExceeded);
  EXPECT_TRUE(fits->Prefill(SomeIds(4)));
}

TEST_F(SessionTest, RefusesOptionsThatCannotWork) {
  const auto code = [&](const SessionOptions& options) {
    auto session = Session::Create(model(), options);
    return session ? StatusCode::kOk : session.error().code();
  };
  EXPECT_EQ(code({.prefill_batch = 0}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.threads = 0}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.threads = 100000}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.kv_type = DataType::kQ4_0}), StatusCode::kUnsupported);
  EXPECT_EQ(code({.context_size = SIZE_MAX}), StatusCode::kLimitExceeded);
  EXPECT_EQ(code({.context_size = std::size_t{1} << 27, .max_memory = std::size_t{1} << 30}),
            StatusCode::kLimitExceeded);
  EXPECT_EQ(code({.context_size = 1}), StatusCode::kOk);
}

TEST_F(SessionTest, RefusesAnObserverOfLayersThatDoNotExist) {
  Session session = Make();
  AttentionRecorder layer({.layers = {model().info().layers}});
  AttentionRecorder head({.heads = {model().info().heads}});
  for (AttentionRecorder* recorder : {&layer, &head}) {
    auto result = session.Prefill(SomeIds(3), {.observer = recorder});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), StatusCode::kInvalidArgument);
  }
}

TEST(LearnedPositions, BoundTheContext) {
  auto model = Model::Load(Data("gpt2"));
  ASSERT_TRUE(model) << model.error().message();
  auto session = Session::Create(*model, {.context_size = model->info().context + 1});
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code(), StatusCode::kLimitExceeded);
  EXPECT_TRUE(Session::Create(*model, {.context_size = model->info().context}));
}

TEST(SharedModel, OutlivesItsHandleInASession) {
  const auto ids = SomeIds(24);
  std::vector<float> want;
  std::optional<Session> session;
  {
    auto model = Model::Load(Data("llama"));
    ASSERT_TRUE(model) << model.error().message();
    want = RunAll(*model, {}, ids).last;
    auto created = Session::Create(*model);
    ASSERT_TRUE(created) << created.error().message();
    session.emplace(std::move(*created));
  }
  auto logits = session->Prefill(ids);
  ASSERT_TRUE(logits) << logits.error().message();
  EXPECT_EQ(std::vector<float>(logits->begin(), logits->end()), want);
}

TEST(SharedModel, MayMoveOrBeAssignedToWhileASessionRuns) {
  const auto ids = SomeIds(24);
  auto model = Model::Load(Data("llama"));
  ASSERT_TRUE(model) << model.error().message();
  const std::vector<float> want = RunAll(*model, {}, ids).last;
  auto session = Session::Create(*model);
  ASSERT_TRUE(session) << session.error().message();
  const Model moved = std::move(*model);
  auto other = Model::Load(Data("gpt2"));
  ASSERT_TRUE(other) << other.error().message();
  *model = *other;
  EXPECT_EQ(model->info().family, "gpt2");
  EXPECT_EQ(moved.info().family, "llama");
  auto logits = session->Prefill(ids);
  ASSERT_TRUE(logits) << logits.error().message();
  EXPECT_EQ(std::vector<float>(logits->begin(), logits->end()), want);
}

TEST(SharedModel, CopiesShareWhatWasLoaded) {
  auto model = Model::Load(Data("llama"));
  ASSERT_TRUE(model) << model.error().message();
  const Model copy = *model;
  EXPECT_EQ(&copy.info(), &model->info());
  EXPECT_EQ(copy.tokenizer(), model->tokenizer());
  const ModelInfo* info = &copy.info();
  *model = Model(copy);
  EXPECT_EQ(&model->info(), info);
}

TEST(SharedModel, ServesManyThreadsWithTheSameBits) {
  auto model = Model::Load(Data("llama"));
  ASSERT_TRUE(model);
  const auto ids = SomeIds(24);
  const Outcome want = RunAll(*model, {}, ids);
  std::vector<std::thread> threads;
  std::vector<Outcome> outcomes(8);
  for (Outcome& outcome : outcomes) {
    threads.emplace_back([&] {
      for (int round = 0; round < 3; ++round)
        outcome = RunAll(*model, {.threads = 2, .adaptive_threads = false}, ids);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Outcome& outcome : outcomes) {
    EXPECT_EQ(outcome.all, want.all);
    EXPECT_EQ(outcome.maps, want.maps);
  }
}

}  // namespace
}  // namespace fovea
