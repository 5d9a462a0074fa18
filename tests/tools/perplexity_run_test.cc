#include "tools/fovea/perplexity_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fovea/fovea.hpp>
#include <vector>

namespace fovea::tools {

bool operator==(const PerplexityWindow& a, const PerplexityWindow& b) {
  return a.begin == b.begin && a.first_scored == b.first_scored && a.end == b.end;
}

namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Window = PerplexityWindow;

constexpr const char* kModel = FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf";

TEST(NegativeLogLikelihood, IsTheLogarithmOfTheShare) {
  // Weights 1, 2 and 5 of 8.
  const std::vector<float> logits = {0.0F, std::log(2.0F), std::log(5.0F)};
  EXPECT_NEAR(NegativeLogLikelihood(logits, 0), std::log(8.0), 1e-6);
  EXPECT_NEAR(NegativeLogLikelihood(logits, 1), std::log(4.0), 1e-6);
  EXPECT_NEAR(NegativeLogLikelihood(logits, 2), std::log(8.0 / 5.0), 1e-6);
  EXPECT_DOUBLE_EQ(NegativeLogLikelihood(std::vector<float>{-900.0F, 900.0F}, 0), 1800.0);
}

TEST(PerplexityWindows, ScoreEachTokenOnceWithBos) {
  const PerplexityPlan plan = {.context = 5, .stride = 2, .bos = 1};
  EXPECT_THAT(PerplexityWindows(9, plan),
              ElementsAre(Window{0, 0, 4}, Window{2, 4, 6}, Window{4, 6, 8}, Window{6, 8, 9}));
  EXPECT_THAT(PerplexityWindows(1, plan), ElementsAre(Window{0, 0, 1}));
  EXPECT_THAT(PerplexityWindows(0, plan), IsEmpty());
}

TEST(PerplexityWindows, LeaveOutTokensThatNothingPredicts) {
  EXPECT_THAT(PerplexityWindows(7, {.context = 4, .stride = 4}),
              ElementsAre(Window{0, 1, 4}, Window{4, 5, 7}));
  EXPECT_THAT(PerplexityWindows(5, {.context = 4, .stride = 4}), ElementsAre(Window{0, 1, 4}));
  EXPECT_THAT(PerplexityWindows(5, {.context = 4, .stride = 3}),
              ElementsAre(Window{0, 1, 4}, Window{3, 4, 5}));
  EXPECT_THAT(PerplexityWindows(1, {.context = 4, .stride = 4}), IsEmpty());
}

TEST(MeasurePerplexity, EqualsTheSumTakenTokenByToken) {
  auto model = Model::Load(kModel);
  ASSERT_TRUE(model.ok()) << model.error().message();
  const std::vector<std::int32_t> ids = {300, 41, 997, 12, 1200, 77, 5};
  const std::int32_t bos = model->tokenizer()->bos_id();
  auto session = Session::Create(*model, {.context_size = 5});
  ASSERT_TRUE(session.ok()) << session.error().message();
  // By hand: windows of BOS and four tokens, every three.
  double sum = 0.0;
  const auto add = [&](const std::vector<std::int32_t>& before, std::int32_t id) {
    ASSERT_TRUE(session->Truncate(0).ok());
    auto logits = session->Prefill(before);
    ASSERT_TRUE(logits.ok());
    sum += NegativeLogLikelihood(*logits, id);
  };
  add({bos}, ids[0]);
  add({bos, ids[0]}, ids[1]);
  add({bos, ids[0], ids[1]}, ids[2]);
  add({bos, ids[0], ids[1], ids[2]}, ids[3]);
  add({bos, ids[3]}, ids[4]);
  add({bos, ids[3], ids[4]}, ids[5]);
  add({bos, ids[3], ids[4], ids[5]}, ids[6]);

  double last = 0.0;
  auto result = MeasurePerplexity(*session, ids, {.context = 5, .stride = 3, .bos = bos},
                                  [&last](double done) { last = done; });
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_DOUBLE_EQ(last, 1.0);
  EXPECT_EQ(result->scored, 7U);
  EXPECT_EQ(result->windows, 2U);
  EXPECT_NEAR(result->mean_nll, sum / 7.0, 1e-12);
  EXPECT_NEAR(result->perplexity, std::exp(sum / 7.0), 1e-9);
  EXPECT_GT(result->standard_error, 0.0);
}

TEST(MeasurePerplexity, NeedsSomethingToScore) {
  auto model = Model::Load(kModel);
  ASSERT_TRUE(model.ok());
  auto session = Session::Create(*model, {.context_size = 4});
  ASSERT_TRUE(session.ok());
  const std::vector<std::int32_t> one = {5};
  EXPECT_EQ(MeasurePerplexity(*session, one, {.context = 4, .stride = 2}).status().code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace fovea::tools
