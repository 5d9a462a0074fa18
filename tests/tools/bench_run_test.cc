#include "tools/fovea/bench_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fovea/fovea.hpp>

namespace fovea::tools {
namespace {

TEST(Summarize, GivesMedianAndRange) {
  const Spread one = Summarize({3.0});
  EXPECT_EQ(one.median, 3.0);
  const Spread odd = Summarize({5.0, 1.0, 2.0});
  EXPECT_EQ(odd.median, 2.0);
  EXPECT_EQ(odd.least, 1.0);
  EXPECT_EQ(odd.most, 5.0);
  EXPECT_EQ(Summarize({4.0, 1.0, 2.0, 9.0}).median, 3.0);
}

TEST(BenchPlan, CountsPositionsAndTokens) {
  BenchPlan plan = {.prefill = {10, 30}, .depth = {0, 28}, .decode = 4, .repeat = 2};
  EXPECT_EQ(plan.ContextSize(), 32U);
  EXPECT_EQ(plan.TotalTokens(), 40U * 3 + 28 + 2 * (4 + 2 * 4));
  plan.observe = true;
  EXPECT_EQ(plan.TotalTokens(), 40U * 6 + 28 + 2 * (4 + 2 * 4));
  plan.decode = 0;
  EXPECT_EQ(plan.ContextSize(), 30U);
  EXPECT_EQ(plan.TotalTokens(), 40U * 6);
  plan.encode = {5, 20};
  plan.source = 7;
  EXPECT_EQ(plan.EncoderContextSize(), 20U);
  EXPECT_EQ(plan.TotalTokens(), 7U + 65 * 6);
}

TEST(RandomIds, AreRepeatableAndInsideTheVocabulary) {
  const auto ids = RandomIds(2000, 7, 1);
  EXPECT_EQ(RandomIds(2000, 7, 1), ids);
  EXPECT_NE(RandomIds(2000, 7, 2), ids);
  for (std::int32_t id = 0; id < 7; ++id) {
    EXPECT_GT(std::count(ids.begin(), ids.end(), id), 200) << id;
  }
  EXPECT_EQ(*std::min_element(ids.begin(), ids.end()), 0);
  EXPECT_EQ(*std::max_element(ids.begin(), ids.end()), 6);
}

TEST(RunBench, MeasuresEachLengthAndReportsProgressUpToOne) {
  auto model = Model::Load(FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf");
  ASSERT_TRUE(model.ok()) << model.error().message();
  const BenchPlan plan = {
      .prefill = {5, 9}, .depth = {0, 7}, .decode = 3, .repeat = 2, .observe = true};
  auto session = Session::Create(*model, {.context_size = plan.ContextSize()});
  ASSERT_TRUE(session.ok()) << session.error().message();
  double last = 0.0;
  auto results = RunBench(*model, *session, plan, [&last](double done, const std::string&) {
    EXPECT_GT(done, last);
    last = done;
  });
  ASSERT_TRUE(results.ok()) << results.error().message();
  EXPECT_DOUBLE_EQ(last, 1.0);
  ASSERT_EQ(results->prefill.size(), 2U);
  ASSERT_EQ(results->decode.size(), 2U);
  EXPECT_EQ(results->prefill[1].tokens, 9U);
  EXPECT_EQ(results->decode[1].tokens, 7U);
  for (const BenchRow& row : results->prefill) {
    EXPECT_GT(row.rate.median, 0.0);
    ASSERT_TRUE(row.observed_rate.has_value());
    EXPECT_GT(row.observed_ratio, 0.0);
  }
  EXPECT_EQ(session->position(), 0U);
}

TEST(RunBench, EncodesTextsBeforeTheDecoderOfAnEncoderDecoder) {
  auto model = Model::Load(FOVEA_SOURCE_DIR "/tests/golden/data/encoder_decoders/t5-gated.gguf");
  ASSERT_TRUE(model.ok()) << model.error().message();
  const BenchPlan plan = {.encode = {4, 11},
                          .prefill = {5},
                          .depth = {2},
                          .decode = 3,
                          .repeat = 2,
                          .source = 6,
                          .observe = true};
  auto session = Session::Create(*model, {.context_size = plan.ContextSize(),
                                          .encoder_context_size = plan.EncoderContextSize()});
  ASSERT_TRUE(session.ok()) << session.error().message();
  double last = 0.0;
  auto results =
      RunBench(*model, *session, plan, [&last](double done, const std::string&) { last = done; });
  ASSERT_TRUE(results.ok()) << results.error().message();
  EXPECT_DOUBLE_EQ(last, 1.0);
  ASSERT_EQ(results->encode.size(), 2U);
  EXPECT_EQ(results->encode[1].tokens, 11U);
  EXPECT_GT(results->encode[1].rate.median, 0.0);
  EXPECT_TRUE(results->encode[1].observed_rate.has_value());
  EXPECT_EQ(results->prefill.size(), 1U);
  EXPECT_EQ(results->decode.size(), 1U);
  EXPECT_EQ(session->encoded_tokens(), 6U);
}

TEST(RunBench, SaysWhatDoesNotFit) {
  auto model = Model::Load(FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf");
  ASSERT_TRUE(model.ok());
  auto session = Session::Create(*model, {.context_size = 8});
  ASSERT_TRUE(session.ok());
  EXPECT_EQ(RunBench(*model, *session, {.prefill = {9}, .depth = {}}, {}).status().code(),
            StatusCode::kLimitExceeded);
}

}  // namespace
}  // namespace fovea::tools
