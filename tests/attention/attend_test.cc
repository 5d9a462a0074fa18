// Answers known in closed form: keys are chosen so that scores are logarithms of small numbers.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "fovea/attention.h"

namespace fovea {
namespace {

constexpr float kLn3 = 1.09861229F;
constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

/// A few ulp of numbers of size one to five.
constexpr float kClose = 2e-6F;

void ExpectNear(const std::vector<float>& actual, const std::vector<float>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    if (std::isinf(expected[i])) {
      EXPECT_EQ(actual[i], expected[i]) << i;
    } else {
      EXPECT_NEAR(actual[i], expected[i], kClose) << i;
    }
  }
}

/// Scores ln 3 and 0: weights 3/4 and 1/4, output 3/4 · 1 + 1/4 · 5, log-sum-exp ln 4.
void ExpectThreeToOne(const AttendInputs& inputs) {
  const Result<AttendOutputs> result = Attend(inputs);
  ASSERT_TRUE(result.ok()) << result.status().message();
  ExpectNear(result->weights, {0.75F, 0.25F});
  ExpectNear(result->output, {2.0F});
  ExpectNear(result->log_sum_exp, {std::log(4.0F)});
}

const std::vector<float> kOneAndFive = {1.0F, 5.0F};

TEST(Attend, ScaledDotDividesByTheRootOfTheWidth) {
  const std::vector<float> query = {2.0F, 0.0F, 0.0F, 7.0F};
  const std::vector<float> key = {kLn3, 3.0F, 4.0F, 0.0F, 0.0F, 1.0F, 2.0F, 0.0F};
  ExpectThreeToOne({.queries = 1,
                    .keys = 2,
                    .query_width = 4,
                    .key_width = 4,
                    .value_width = 1,
                    .query = query,
                    .key = key,
                    .value = kOneAndFive});
}

TEST(Attend, DotDoesNotScale) {
  const std::vector<float> query = {1.0F, 0.0F, 0.0F, 7.0F};
  const std::vector<float> key = {kLn3, 3.0F, 4.0F, 0.0F, 0.0F, 1.0F, 2.0F, 0.0F};
  ExpectThreeToOne({.queries = 1,
                    .keys = 2,
                    .query_width = 4,
                    .key_width = 4,
                    .value_width = 1,
                    .query = query,
                    .key = key,
                    .value = kOneAndFive,
                    .scoring = ScoringFunction::kDot});
}

TEST(Attend, ScaleReplacesTheFactor) {
  const std::vector<float> query = {10.0F};
  const std::vector<float> key = {kLn3, 0.0F};
  ExpectThreeToOne({.queries = 1,
                    .keys = 2,
                    .query_width = 1,
                    .key_width = 1,
                    .value_width = 1,
                    .query = query,
                    .key = key,
                    .value = kOneAndFive,
                    .scale = 0.1F});
}

TEST(Attend, GeneralComparesThroughItsMatrix) {
  // q · (W k) with W = [1, -1]ᵀ is (1 - 2) k.
  const std::vector<float> query = {1.0F, 2.0F};
  const std::vector<float> matrix = {1.0F, -1.0F};
  const std::vector<float> key = {-kLn3, 0.0F};
  ExpectThreeToOne({.queries = 1,
                    .keys = 2,
                    .query_width = 2,
                    .key_width = 1,
                    .value_width = 1,
                    .query = query,
                    .key = key,
                    .value = kOneAndFive,
                    .scoring = ScoringFunction::kGeneral,
                    .weights = {.general = matrix}});
}

TEST(Attend, AdditiveComparesByTanhOfTheSum) {
  // tanh(ln 3 / 2) is 1/2; the second key cancels the query.
  const std::vector<float> query = {kLn3};
  const std::vector<float> key = {0.0F, kLn3 / 4};
  const std::vector<float> matrix_query = {0.5F};
  const std::vector<float> matrix_key = {-2.0F};
  const std::vector<float> v = {2.0F * kLn3};
  ExpectThreeToOne(
      {.queries = 1,
       .keys = 2,
       .query_width = 1,
       .key_width = 1,
       .value_width = 1,
       .query = query,
       .key = key,
       .value = kOneAndFive,
       .scoring = ScoringFunction::kAdditive,
       .weights = {.additive_query = matrix_query, .additive_key = matrix_key, .additive_v = v}});
}

TEST(Attend, SoftcapBendsScores) {
  // cap = 2 ln 3 and score = cap · atanh(1/2) give a capped score of ln 3.
  const std::vector<float> query = {1.0F};
  const std::vector<float> key = {kLn3 * kLn3, 0.0F};
  ExpectThreeToOne({.queries = 1,
                    .keys = 2,
                    .query_width = 1,
                    .key_width = 1,
                    .value_width = 1,
                    .query = query,
                    .key = key,
                    .value = kOneAndFive,
                    .softcap = 2.0F * kLn3});
}

TEST(Attend, WithoutSoftmaxTheScoresAreTheWeights) {
  const std::vector<float> query = {2.0F, -1.0F};
  const std::vector<float> key = {3.0F};
  const std::vector<float> value = {0.5F, 1.0F};
  const Result<AttendOutputs> result = Attend({.queries = 2,
                                               .keys = 1,
                                               .query_width = 1,
                                               .key_width = 1,
                                               .value_width = 2,
                                               .query = query,
                                               .key = key,
                                               .value = value,
                                               .softmax = false});
  ASSERT_TRUE(result.ok());
  ExpectNear(result->weights, {6.0F, -3.0F});
  ExpectNear(result->output, {3.0F, 6.0F, -1.5F, -3.0F});
  EXPECT_TRUE(result->log_sum_exp.empty());
}

/// Four queries against four keys that all score 0, so that each visible key weighs the same; the
/// values are 1, 2, 3 and 4.
Result<AttendOutputs> AttendEvenly(const Mask& mask, ScoringFunction scoring) {
  static const std::vector<float> kZeros(4, 0.0F);
  static const std::vector<float> kOne(1, 1.0F);
  static const std::vector<float> kValues = {1.0F, 2.0F, 3.0F, 4.0F};
  return Attend(
      {.queries = 4,
       .keys = 4,
       .query_width = 1,
       .key_width = 1,
       .value_width = 1,
       .query = kZeros,
       .key = kZeros,
       .value = kValues,
       .mask = mask,
       .scoring = scoring,
       .weights = {
           .general = kOne, .additive_query = kOne, .additive_key = kOne, .additive_v = kOne}});
}

void ExpectEven(const Mask& mask, const std::vector<float>& weights,
                const std::vector<float>& output, const std::vector<float>& visible) {
  for (const ScoringFunction scoring : {ScoringFunction::kScaledDot, ScoringFunction::kDot,
                                        ScoringFunction::kGeneral, ScoringFunction::kAdditive}) {
    SCOPED_TRACE(static_cast<int>(scoring));
    const Result<AttendOutputs> result = AttendEvenly(mask, scoring);
    ASSERT_TRUE(result.ok()) << result.status().message();
    ExpectNear(result->weights, weights);
    ExpectNear(result->output, output);
    std::vector<float> lse;
    for (const float count : visible) lse.push_back(count == 0 ? kMinusInfinity : std::log(count));
    ExpectNear(result->log_sum_exp, lse);
  }
}

constexpr float kThird = 1.0F / 3.0F;

TEST(Attend, UnmaskedRowsSeeEveryKey) {
  ExpectEven({.kind = Mask::Kind::kNone}, std::vector<float>(16, 0.25F), {2.5F, 2.5F, 2.5F, 2.5F},
             {4, 4, 4, 4});
}

TEST(Attend, CausalRowsSeeThemselvesAndThePast) {
  ExpectEven({},
             {1, 0, 0, 0, 0.5F, 0.5F, 0, 0, kThird, kThird, kThird, 0, 0.25F, 0.25F, 0.25F, 0.25F},
             {1.0F, 1.5F, 2.0F, 2.5F}, {1, 2, 3, 4});
}

TEST(Attend, CausalRowsStartAtTheFirstQuery) {
  ExpectEven({.first_query = 2},
             {kThird, kThird, kThird, 0, 0.25F, 0.25F, 0.25F, 0.25F, 0.25F, 0.25F, 0.25F, 0.25F,
              0.25F, 0.25F, 0.25F, 0.25F},
             {2.0F, 2.5F, 2.5F, 2.5F}, {3, 4, 4, 4});
}

TEST(Attend, SlidingWindowRowsForget) {
  ExpectEven({.kind = Mask::Kind::kSlidingWindow, .window = 2},
             {1, 0, 0, 0, 0.5F, 0.5F, 0, 0, 0, 0.5F, 0.5F, 0, 0, 0, 0.5F, 0.5F},
             {1.0F, 1.5F, 2.5F, 3.5F}, {1, 2, 2, 2});
}

TEST(Attend, PaddingHidesKeysAndRowsThatSeeNothingAreZero) {
  const std::vector<std::uint8_t> valid = {0, 0, 1, 1};
  ExpectEven({.key_valid = valid}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0.5F, 0.5F},
             {0.0F, 0.0F, 3.0F, 3.5F}, {0, 0, 1, 2});
}

TEST(Attend, GroupedQueryHeadsReadTheirKeyValueHead) {
  // Four heads, two KV heads with values 1 and 10: heads 0 and 1 read the first.
  const std::vector<float> query(4, 0.0F);
  const std::vector<float> key(2, 0.0F);
  const std::vector<float> value = {1.0F, 10.0F};
  const Result<AttendOutputs> result = Attend({.queries = 1,
                                               .keys = 1,
                                               .heads = 4,
                                               .kv_heads = 2,
                                               .query_width = 1,
                                               .key_width = 1,
                                               .value_width = 1,
                                               .query = query,
                                               .key = key,
                                               .value = value});
  ASSERT_TRUE(result.ok());
  ExpectNear(result->output, {1.0F, 1.0F, 10.0F, 10.0F});
}

TEST(Attend, NoKeysGiveZeros) {
  const std::vector<float> query(2, 1.0F);
  const Result<AttendOutputs> result = Attend({.queries = 2,
                                               .keys = 0,
                                               .query_width = 1,
                                               .key_width = 1,
                                               .value_width = 3,
                                               .query = query});
  ASSERT_TRUE(result.ok());
  ExpectNear(result->output, std::vector<float>(6, 0.0F));
  ExpectNear(result->log_sum_exp, {kMinusInfinity, kMinusInfinity});
  EXPECT_TRUE(result->weights.empty());
}

TEST(Attend, NoQueriesGiveEmptyOutputs) {
  const std::vector<float> one(1, 1.0F);
  const Result<AttendOutputs> result = Attend({.queries = 0,
                                               .keys = 1,
                                               .query_width = 1,
                                               .key_width = 1,
                                               .value_width = 1,
                                               .key = one,
                                               .value = one});
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->output.empty());
}

}  // namespace
}  // namespace fovea
