#include "tools/attention-dump/diff/map_comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace fovea::dump {
namespace {

constexpr const char* kModel = FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf";
constexpr double kLn2 = 0.6931471805599453;

/// By the definition: ½ KL(p‖m) + ½ KL(q‖m), m the mean of both.
double ByDefinition(const AttentionRecorder::View& a, const AttentionRecorder::View& b,
                    std::size_t query) {
  double divergence = 0.0;
  for (std::size_t key = 0; key <= query; ++key) {
    const double p = static_cast<double>(a.At(query, key));
    const double q = static_cast<double>(b.At(query, key));
    const double m = (p + q) / 2;
    if (p > 0.0) divergence += p * std::log(p / m) / 2;
    if (q > 0.0) divergence += q * std::log(q / m) / 2;
  }
  return divergence;
}

class MapComparison : public testing::Test {
 protected:
  MapComparison() : model_(Model::Load(kModel)) {}

  Session Open() {
    Result<Session> session = Session::Create(*model_, {.context_size = 40, .threads = 2});
    EXPECT_TRUE(session.ok());
    return std::move(*session);
  }
  Comparison Compare(const std::vector<std::int32_t>& a, const std::vector<std::int32_t>& b,
                     std::size_t max_bytes = 1U << 28U) {
    Session first = Open();
    Session second = Open();
    const Result<Comparison> comparison =
        CompareMaps({.session = &first, .tokens = a}, {.session = &second, .tokens = b},
                    {.layers = {1, 4},
                     .heads = {0, 5, 7},
                     .vocabulary = model_->info().vocabulary,
                     .max_bytes = max_bytes});
    EXPECT_TRUE(comparison.ok());
    return *comparison;
  }
  static std::vector<std::int32_t> Ids(std::int32_t step) {
    std::vector<std::int32_t> ids = {1};
    while (ids.size() < 33) ids.push_back(300 + static_cast<std::int32_t>(ids.size()) * step);
    return ids;
  }

  Result<Model> model_;
};

TEST_F(MapComparison, OfASequenceWithItselfIsNothing) {
  const Comparison same = Compare(Ids(3), Ids(3));
  ASSERT_EQ(same.heads.size(), 6U);
  for (const HeadDifference& head : same.heads) {
    EXPECT_EQ(head.js_mean, 0.0);
    EXPECT_EQ(head.js_worst, 0.0);
    EXPECT_EQ(head.top1, 1.0);
  }
  EXPECT_EQ(same.kl_mean, 0.0);
  EXPECT_EQ(same.top1, 1.0);
  EXPECT_EQ(same.loss_a, same.loss_b);
}

TEST_F(MapComparison, EqualsWhatWholeMapsGive) {
  const std::vector<std::int32_t> a_ids = Ids(3);
  const std::vector<std::int32_t> b_ids = Ids(5);
  AttentionRecorder a, b;
  Session first = Open();
  Session second = Open();
  ASSERT_TRUE(first.Prefill(a_ids, {.observer = &a}).ok());
  ASSERT_TRUE(second.Prefill(b_ids, {.observer = &b}).ok());
  const Comparison comparison = Compare(a_ids, b_ids);
  EXPECT_EQ(comparison.tokens, a_ids.size());
  for (const HeadDifference& head : comparison.heads) {
    double mean = 0.0;
    double worst = 0.0;
    for (std::size_t query = 0; query < a_ids.size(); ++query) {
      const double divergence =
          ByDefinition(a.Map(head.layer, head.head), b.Map(head.layer, head.head), query);
      mean += divergence / static_cast<double>(a_ids.size());
      worst = std::max(worst, divergence);
    }
    EXPECT_NEAR(head.js_mean, mean, 1e-9);
    EXPECT_NEAR(head.js_worst, worst, 1e-9);
    EXPECT_NEAR(ByDefinition(a.Map(head.layer, head.head), b.Map(head.layer, head.head),
                             head.worst_position),
                worst, 1e-9);
    EXPECT_GT(head.js_worst, 0.0);
    EXPECT_LE(head.js_worst, kLn2);
    EXPECT_EQ(head.kv_head, head.head / 2);
  }
  EXPECT_GT(comparison.kl_mean, 0.0);
  EXPECT_GE(comparison.kl_worst, comparison.kl_mean);
}

TEST_F(MapComparison, DoesNotDependOnHowMuchIsKept) {
  const Comparison whole = Compare(Ids(3), Ids(5));
  const Comparison one_by_one = Compare(Ids(3), Ids(5), 1);
  ASSERT_EQ(whole.heads.size(), one_by_one.heads.size());
  for (std::size_t i = 0; i < whole.heads.size(); ++i) {
    EXPECT_EQ(whole.heads[i].js_mean, one_by_one.heads[i].js_mean);
    EXPECT_EQ(whole.heads[i].worst_position, one_by_one.heads[i].worst_position);
  }
  EXPECT_EQ(whole.loss_b, one_by_one.loss_b);
  EXPECT_EQ(whole.kl_mean, one_by_one.kl_mean);
}

TEST_F(MapComparison, OneTokenHasNoLoss) {
  EXPECT_TRUE(std::isnan(Compare({1}, {2}).loss_a));
}

TEST(Comparison, TheWorstHeadIsTheOneWithTheLargestMean) {
  Comparison comparison;
  EXPECT_EQ(comparison.Worst(), nullptr);
  comparison.heads = {{.head = 1, .js_mean = 0.1}, {.head = 2, .js_mean = 0.3}, {.head = 3}};
  EXPECT_EQ(comparison.Worst()->head, 2U);
}

}  // namespace
}  // namespace fovea::dump
