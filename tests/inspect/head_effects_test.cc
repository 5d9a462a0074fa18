// Effects of heads equal, bit for bit, those that full runs without each head show.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fovea/fovea.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/kernels/isas_to_test.h"
#include "tests/model/golden_models.h"

namespace fovea {
namespace {

constexpr std::size_t kTokens = 29;

using Rows = std::vector<std::vector<float>>;

Rows AllLogits(const Model& model, const SessionOptions& options,
               const std::vector<HeadAblation>& ablations) {
  auto session = Session::Create(model, options);
  EXPECT_TRUE(session) << session.error().message();
  Rows rows;
  auto logits = session->Prefill(
      SomeIds(kTokens),
      {.on_logits = [&](std::size_t,
                        std::span<const float> row) { rows.emplace_back(row.begin(), row.end()); },
       .ablations = ablations});
  EXPECT_TRUE(logits) << logits.error().message();
  return rows;
}

double Loss(const Rows& rows, Kernels kernels = Kernels::Best()) {
  const auto ids = SomeIds(kTokens);
  double sum = 0.0;
  for (std::size_t i = 0; i + 1 < kTokens; ++i) {
    sum += NegativeLogLikelihood(rows[i], ids[i + 1], kernels);
  }
  return sum / (kTokens - 1);
}

HeadEffect FullRun(const Model& model, const Rows& original, const HeadAblation& ablation,
                   Kernels kernels = Kernels::Best()) {
  const Rows rows = AllLogits(model, {.isa = kernels.isa()}, {ablation});
  HeadEffect effect{.layer = ablation.layer, .head = ablation.head, .loss = Loss(rows, kernels)};
  effect.loss_change = effect.loss - Loss(original, kernels);
  for (std::size_t i = 0; i < kTokens; ++i) {
    effect.divergence += KullbackLeibler(original[i], rows[i], kernels);
    effect.top1_change += ArgMax(original[i]) != ArgMax(rows[i]) ? 1.0 : 0.0;
  }
  effect.divergence /= kTokens;
  effect.top1_change /= kTokens;
  return effect;
}

void ExpectEqual(const HeadEffect& got, const HeadEffect& want) {
  EXPECT_EQ(got.layer, want.layer);
  EXPECT_EQ(got.head, want.head);
  EXPECT_EQ(got.loss, want.loss);
  EXPECT_EQ(got.loss_change, want.loss_change);
  EXPECT_EQ(got.divergence, want.divergence);
  EXPECT_EQ(got.top1_change, want.top1_change);
}

/// The bytes that the refusal of a limit that is too small asks for.
std::size_t LeastMemory(const Model& model, SessionOptions options) {
  options.max_memory = 1;
  auto refused = MeasureHeadEffects(model, SomeIds(kTokens), options);
  EXPECT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), StatusCode::kLimitExceeded);
  const std::string& message = refused.error().message();
  const std::string begin =
      "measuring the heads over " + std::to_string(kTokens) + " tokens needs ";
  EXPECT_TRUE(message.starts_with(begin)) << message;
  EXPECT_TRUE(message.ends_with(" bytes of memory, the limit is 1")) << message;
  return message.starts_with(begin) ? std::stoul(message.substr(begin.size())) : 0;
}

class HeadEffectsOf : public ::testing::TestWithParam<const char*> {};

TEST_P(HeadEffectsOf, EqualFullRunsForAnyPrefillBatchAndThreadCount) {
  auto model = Model::Load(Data(GetParam()));
  ASSERT_TRUE(model) << model.error().message();
  const ModelInfo& info = model->info();
  const Rows original = AllLogits(*model, {}, {});
  std::vector<HeadEffect> want;
  for (std::size_t layer = 0; layer < info.layers; ++layer) {
    for (std::size_t head = 0; head < info.heads; ++head) {
      want.push_back(FullRun(*model, original, {.layer = layer, .head = head}));
      EXPECT_NE(want.back().loss_change, 0.0);
    }
  }
  for (const std::size_t prefill_batch : {1U, 7U, 16U, 256U}) {
    for (const std::size_t threads : {1U, 2U}) {
      // With the least memory the original logits are not kept.
      for (const bool tight : {false, true}) {
        SCOPED_TRACE(std::to_string(prefill_batch) + " " + std::to_string(threads) +
                     (tight ? "!" : ""));
        SessionOptions options{.prefill_batch = prefill_batch, .threads = threads};
        if (tight) options.max_memory = LeastMemory(*model, options);
        auto report = MeasureHeadEffects(*model, SomeIds(kTokens), options);
        ASSERT_TRUE(report) << report.error().message();
        EXPECT_EQ(report->tokens, kTokens);
        EXPECT_EQ(report->loss, Loss(original));
        ASSERT_EQ(report->effects.size(), want.size());
        for (std::size_t i = 0; i < want.size(); ++i) ExpectEqual(report->effects[i], want[i]);
      }
    }
  }
}

TEST_P(HeadEffectsOf, OfMeansEqualFullRunsWithThoseMeans) {
  auto model = Model::Load(Data(GetParam()));
  ASSERT_TRUE(model) << model.error().message();
  auto means = MeasureHeadMeans(*model, SomeIds(kTokens), {.prefill_batch = 5, .threads = 2});
  ASSERT_TRUE(means) << means.error().message();
  const Rows original = AllLogits(*model, {}, {});
  auto report = MeasureHeadEffects(*model, SomeIds(kTokens), {.prefill_batch = 8, .threads = 2},
                                   {.kind = AblationKind::kMean});
  ASSERT_TRUE(report) << report.error().message();
  for (const HeadEffect& effect : report->effects) {
    ExpectEqual(effect, FullRun(*model, original,
                                {.layer = effect.layer,
                                 .head = effect.head,
                                 .replacement = means->Of(effect.layer, effect.head)}));
  }
}

INSTANTIATE_TEST_SUITE_P(Families, HeadEffectsOf,
                         ::testing::Values("llama", "llama-mqa", "llama-quantized", "qwen3", "gpt2",
                                           "gemma2", "gemma3", "phi2", "phi3-longrope-short",
                                           "gptneox", "gptneox-sequential", "stablelm-parallel"),
                         ModelName());

/// Maps and values of a whole run, to rebuild head outputs from.
class OutputsObserver : public AttentionObserver {
 public:
  const AttentionSelection& selection() const override { return selection_; }
  void OnRows(const AttentionRows& rows) override { maps.OnRows(rows); }
  void OnValues(const AttentionValues& given) override {
    if (values.size() <= given.layer) values.resize(given.layer + 1);
    values[given.layer].insert(values[given.layer].end(), given.value,
                               given.value + given.count * given.kv_heads * given.value_dim);
  }
  AttentionRecorder maps;
  std::vector<std::vector<float>> values;  // [layers][tokens * kv_heads * value_dim]

 private:
  AttentionSelection selection_{.values = true};
};

TEST(HeadMeans, AreTheMeansOfWeightsTimesValues) {
  for (const char* name : {"llama", "gemma2", "phi2"}) {
    auto model = Model::Load(Data(name));
    ASSERT_TRUE(model) << model.error().message();
    const ModelInfo& info = model->info();
    auto means = MeasureHeadMeans(*model, SomeIds(kTokens));
    ASSERT_TRUE(means) << means.error().message();
    auto session = Session::Create(*model);
    ASSERT_TRUE(session);
    OutputsObserver outputs;
    ASSERT_TRUE(session->Prefill(SomeIds(kTokens), {.observer = &outputs}));
    for (std::size_t layer = 0; layer < info.layers; ++layer) {
      for (std::size_t head = 0; head < info.heads; ++head) {
        const std::size_t kv_head = head / (info.heads / info.kv_heads);
        const AttentionRecorder::View map = outputs.maps.Map(layer, head);
        for (std::size_t i = 0; i < info.value_dim; ++i) {
          double sum = 0.0, magnitude = 0.0;
          for (std::size_t q = 0; q < kTokens; ++q) {
            for (std::size_t k = 0; k <= q; ++k) {
              const double term =
                  static_cast<double>(map.At(q, k)) *
                  static_cast<double>(
                      outputs.values[layer][(k * info.kv_heads + kv_head) * info.value_dim + i]);
              sum += term;
              magnitude += std::abs(term);
            }
          }
          // Sums of at most 29 floats.
          ASSERT_NEAR(means->Of(layer, head)[i], sum / kTokens, 64 * 6e-8 * magnitude / kTokens);
        }
      }
    }
  }
}

class HeadEffectsTest : public LlamaTest {};

TEST_F(HeadEffectsTest, OfChosenHeadsAreThoseOfAllHeads) {
  auto all = MeasureHeadEffects(model(), SomeIds(kTokens));
  auto some =
      MeasureHeadEffects(model(), SomeIds(kTokens), {}, {.layers = {1}, .heads = {3, 0, 3}});
  ASSERT_TRUE(all && some);
  ASSERT_EQ(some->effects.size(), 2U);
  ExpectEqual(some->effects[0], all->effects[model().info().heads]);
  ExpectEqual(some->effects[1], all->effects[model().info().heads + 3]);
  EXPECT_EQ(some->loss, all->loss);
}

TEST_F(HeadEffectsTest, AreMeasuredByTheKernelsOfTheSession) {
  for (const Isa isa : IsasToTest()) {
    SCOPED_TRACE(IsaName(isa));
    const Kernels kernels = *Kernels::For(isa);
    const Rows original = AllLogits(model(), {.isa = isa}, {});
    auto report = MeasureHeadEffects(model(), SomeIds(kTokens), {.isa = isa}, {.layers = {1}});
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_EQ(report->loss, Loss(original, kernels));
    for (const HeadEffect& effect : report->effects) {
      ExpectEqual(effect, FullRun(model(), original, {.layer = effect.layer, .head = effect.head},
                                  kernels));
    }
  }
}

TEST_F(HeadEffectsTest, ReportProgressUpToOne) {
  std::vector<double> progress;
  ASSERT_TRUE(MeasureHeadEffects(model(), SomeIds(kTokens), {.prefill_batch = 8},
                                 {.on_progress = [&](double done) { progress.push_back(done); }}));
  ASSERT_GT(progress.size(), model().info().layers * model().info().heads);
  EXPECT_TRUE(std::is_sorted(progress.begin(), progress.end()));
  EXPECT_GT(progress[progress.size() - 2], 0.9) << "steps must add up to the whole";
  EXPECT_LT(progress[progress.size() - 2], 1.0);
  EXPECT_EQ(progress.back(), 1.0);
}

TEST_F(HeadEffectsTest, StopWhenAskedTo) {
  int questions = 0;
  auto whole = MeasureHeadEffects(model(), SomeIds(kTokens), {.prefill_batch = 8},
                                  {.cancelled = [&] { return ++questions < 0; }});
  ASSERT_TRUE(whole);
  const int most = questions;
  ASSERT_GT(most, 10);
  for (const int stop : {1, 5, most / 2, most}) {
    questions = 0;
    auto report = MeasureHeadEffects(model(), SomeIds(kTokens), {.prefill_batch = 8},
                                     {.cancelled = [&] { return ++questions == stop; }});
    ASSERT_FALSE(report) << stop;
    EXPECT_EQ(report.error().code(), StatusCode::kCancelled);
    EXPECT_EQ(questions, stop) << "nobody is asked again";
  }
  auto means = MeasureHeadMeans(model(), SomeIds(kTokens), {}, [] { return true; });
  ASSERT_FALSE(means);
  EXPECT_EQ(means.error().code(), StatusCode::kCancelled);
}

TEST_F(HeadEffectsTest, RefuseWhatCannotBeMeasured) {
  const auto error = [&](std::vector<std::int32_t> ids, const SessionOptions& session,
                         const EffectOptions& options) {
    auto report = MeasureHeadEffects(model(), ids, session, options);
    return report ? Status() : report.status();
  };
  const auto ids = SomeIds(kTokens);
  const ModelInfo& info = model().info();
  EXPECT_EQ(error({5}, {}, {}).message(), "1 tokens are too few: at least 2 are needed");
  EXPECT_EQ(error({5}, {}, {}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(error({5, -1}, {}, {}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(error(ids, {}, {.layers = {info.layers}}).message(),
            "layer " + std::to_string(info.layers) + " does not exist; the model has layers 0 to " +
                std::to_string(info.layers - 1));
  EXPECT_EQ(error(ids, {}, {.heads = {0, info.heads}}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(error(ids, {.context_size = 28}, {}).message(), "29 tokens do not fit a context of 28");
  EXPECT_EQ(error(ids, {.context_size = 28}, {}).code(), StatusCode::kLimitExceeded);
  EXPECT_EQ(error(ids, {.prefill_batch = 0}, {}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(error(ids, {.context_size = 29}, {}).code(), StatusCode::kOk);
}

TEST_F(HeadEffectsTest, RefuseMoreMemoryThanAllowedAndSayHowMuchIsNeeded) {
  const auto ids = SomeIds(kTokens);
  const std::size_t needed = LeastMemory(model(), {});
  EXPECT_FALSE(MeasureHeadEffects(model(), ids, {.max_memory = needed - 1}));
  EXPECT_TRUE(MeasureHeadEffects(model(), ids, {.max_memory = needed}));
  EXPECT_FALSE(MeasureHeadMeans(model(), ids, {.max_memory = 1000}));
}

TEST_F(HeadEffectsTest, MeansOfOneTokenAreItsOutputsAndReplacingThoseChangesNothing) {
  auto means = MeasureHeadMeans(model(), std::vector<std::int32_t>{7});
  ASSERT_TRUE(means);
  auto session = Session::Create(model());
  ASSERT_TRUE(session);
  auto whole = session->Prefill(std::vector<std::int32_t>{7});
  ASSERT_TRUE(whole);
  const std::vector<float> want(whole->begin(), whole->end());
  ASSERT_TRUE(session->Truncate(0).ok());
  std::vector<HeadAblation> ablations;
  for (std::size_t head = 0; head < model().info().heads; ++head) {
    ablations.push_back({.layer = 1, .head = head, .replacement = means->Of(1, head)});
  }
  auto replaced = session->Prefill(std::vector<std::int32_t>{7}, {.ablations = ablations});
  ASSERT_TRUE(replaced);
  EXPECT_EQ(std::vector<float>(replaced->begin(), replaced->end()), want);
}

}  // namespace
}  // namespace fovea
