// Answers known in closed form: keys are chosen so that scores are logarithms of small numbers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "engine/attention/scoring.h"
#include "engine/kernels/dispatch/kernel_table.h"
#include "fovea/attention.h"
#include "platform/aligned_buffer.h"
#include "tests/kernels/isas_to_test.h"

namespace fovea {
namespace {

using ::testing::HasSubstr;

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

TEST(Attend, CrossAttentionWithManyHeadsAgreesWithTheReadableScores) {
  std::mt19937 random(4);
  std::normal_distribution<float> normal;
  const auto draw = [&](std::size_t n) {
    std::vector<float> values(n);
    for (float& x : values) x = normal(random);
    return values;
  };
  const std::vector<float> query = draw(37 * 6 * 20);
  const std::vector<float> key = draw(150 * 2 * 20);
  const std::vector<float> value = draw(150 * 2 * 11);
  const std::vector<float> general = draw(20 * 20);
  for (const ScoringFunction scoring :
       {ScoringFunction::kScaledDot, ScoringFunction::kDot, ScoringFunction::kGeneral}) {
    const AttendInputs inputs{.queries = 37,
                              .keys = 150,
                              .heads = 6,
                              .kv_heads = 2,
                              .query_width = 20,
                              .key_width = 20,
                              .value_width = 11,
                              .query = query,
                              .key = key,
                              .value = value,
                              .scoring = scoring,
                              .weights = {.general = general},
                              .softcap = 25.0F};
    const Result<AttendOutputs> result = Attend(inputs);
    ASSERT_TRUE(result.ok());
    const attention::Scorer scorer(inputs);
    for (std::size_t head = 0; head < 6; ++head) {
      for (std::size_t q = 0; q < 37; ++q) {
        const std::size_t row = head * 37 + q;
        double sum = 0.0;
        for (std::size_t k = 0; k < 150; ++k) sum += std::exp(scorer.Score(head, q, k));
        ASSERT_NEAR(result->log_sum_exp[row], std::log(sum), 1e-4);
        for (std::size_t k = 0; k < 150; ++k) {
          // Scores of size 25 err by 20 · 2^-24 of the sum of |q k|, which is below 200.
          const double expected = std::exp(scorer.Score(head, q, k)) / sum;
          ASSERT_NEAR(result->weights[row * 150 + k], expected, 5e-4 * expected + 1e-37);
        }
      }
    }
  }
}

TEST(Attend, ABiasByDistanceIsAddedAfterTheSoftcap) {
  constexpr std::size_t kQueries = 9, kKeys = 14, kHeads = 4, kKvHeads = 2, kDim = 6;
  constexpr std::size_t kFirst = 3;
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  const auto draw = [&](std::size_t n) {
    std::vector<float> values(n);
    for (float& x : values) x = 2.0F * normal(random);
    return values;
  };
  const std::vector<float> query = draw(kQueries * kHeads * kDim);
  const std::vector<float> key = draw(kKeys * kKvHeads * kDim);
  const std::vector<float> value = draw(kKeys * kKvHeads * kDim);
  const std::vector<float> general = draw(kDim * kDim);
  const std::vector<float> additive_v = draw(5);
  const std::vector<float> additive = draw(5 * kDim);
  const std::size_t zero = kFirst + kQueries - 1;
  const std::size_t stride = zero + kKeys - kFirst;
  const std::vector<float> table = draw(kHeads * stride);
  for (const auto mask : {Mask::Kind::kNone, Mask::Kind::kCausal, Mask::Kind::kSymmetricWindow}) {
    for (const ScoringFunction scoring : {ScoringFunction::kScaledDot, ScoringFunction::kDot,
                                          ScoringFunction::kGeneral, ScoringFunction::kAdditive}) {
      for (const bool softmax : {true, false}) {
        AttendInputs inputs{.queries = kQueries,
                            .keys = kKeys,
                            .heads = kHeads,
                            .kv_heads = kKvHeads,
                            .query_width = kDim,
                            .key_width = kDim,
                            .value_width = kDim,
                            .query = query,
                            .key = key,
                            .value = value,
                            .mask = {.kind = mask, .window = 5, .first_query = kFirst},
                            .scoring = scoring,
                            .weights = {.general = general,
                                        .additive_query = additive,
                                        .additive_key = additive,
                                        .additive_v = additive_v},
                            .softcap = 3.0F,
                            .softmax = softmax};
        const AttendInputs without = inputs;
        const attention::Scorer plain(without);
        inputs.bias = {.table = table, .head_stride = stride, .zero = zero};
        const Result<AttendOutputs> result = Attend(inputs);
        ASSERT_TRUE(result.ok()) << result.status().message();
        for (std::size_t head = 0; head < kHeads; ++head) {
          for (std::size_t q = 0; q < kQueries; ++q) {
            const Mask::Range range = inputs.mask.KeyRange(q, kKeys);
            std::vector<double> scores(kKeys, 0.0);
            double sum = 0.0;
            for (std::size_t k = range.begin; k < range.end; ++k) {
              const auto added = static_cast<double>(table[head * stride + zero + k - kFirst - q]);
              scores[k] = plain.Score(head, q, k) + added;
              sum += std::exp(scores[k]);
            }
            const std::size_t row = head * kQueries + q;
            if (softmax) {
              ASSERT_NEAR(result->log_sum_exp[row], std::log(sum), 2e-5);
            }
            for (std::size_t k = 0; k < kKeys; ++k) {
              const bool seen = k >= range.begin && k < range.end;
              // Scores of size 10 err by some 1e-5 where they are computed in float.
              const double weight = softmax ? std::exp(scores[k]) / sum : scores[k];
              ASSERT_NEAR(result->weights[row * kKeys + k], seen ? weight : 0.0,
                          1e-4 * std::abs(weight));
            }
          }
        }
      }
    }
  }
}

void ExpectInvalid(const AttendInputs& inputs, const char* culprit) {
  const Result<AttendOutputs> result = Attend(inputs);
  ASSERT_FALSE(result.ok()) << culprit;
  EXPECT_EQ(result.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(result.status().message(), HasSubstr(culprit));
}

TEST(Attend, ErrorsNameTheShapeThatDoesNotFit) {
  constexpr std::size_t kHugePosition = std::numeric_limits<std::size_t>::max();
  const std::vector<float> six(6, 1.0F);
  const std::vector<std::uint8_t> flags(2, 1);
  const AttendInputs good{.queries = 2,
                          .keys = 3,
                          .query_width = 3,
                          .key_width = 2,
                          .value_width = 2,
                          .query = six,
                          .key = six,
                          .value = six,
                          .scoring = ScoringFunction::kGeneral,
                          .weights = {.general = six}};
  ASSERT_TRUE(Attend(good).ok());
  const auto with = [&good](auto change) {
    AttendInputs bad = good;
    change(&bad);
    return bad;
  };
  ExpectInvalid(with([](AttendInputs* in) { in->heads = 3, in->kv_heads = 2; }),
                "kv_heads 2 does not divide heads 3");
  ExpectInvalid(with([](AttendInputs* in) { in->kv_heads = 0; }), "kv_heads 0");
  ExpectInvalid(with([](AttendInputs* in) { in->value_width = 0; }), "value_width is 0");
  ExpectInvalid(with([](AttendInputs* in) { in->queries = 4; }),
                "query holds 6 floats, but [queries 4, heads 1, query_width 3] needs 12");
  ExpectInvalid(with([](AttendInputs* in) { in->keys = 4; }), "key holds 6 floats");
  ExpectInvalid(with([](AttendInputs* in) { in->value_width = 1; }), "value holds 6 floats");
  ExpectInvalid(with([](AttendInputs* in) { in->weights.general = {}; }),
                "weights.general holds 0 floats");
  ExpectInvalid(with([](AttendInputs* in) { in->scoring = ScoringFunction::kDot; }),
                "query_width 3 and key_width 2 differ");
  ExpectInvalid(with([](AttendInputs* in) { in->scoring = ScoringFunction::kAdditive; }),
                "additive_v is empty");
  ExpectInvalid(with([&six](AttendInputs* in) {
                  in->scoring = ScoringFunction::kAdditive;
                  in->weights = {.additive_query = six, .additive_key = six, .additive_v = six};
                }),
                "weights.additive_query holds 6 floats, but [hidden 6, query_width 3] needs 18");
  ExpectInvalid(with([](AttendInputs* in) { in->mask.kind = Mask::Kind::kSlidingWindow; }),
                "window");
  ExpectInvalid(with([](AttendInputs* in) { in->mask.kind = Mask::Kind::kSymmetricWindow; }),
                "window of a symmetric_window mask is 0");
  ExpectInvalid(with([&six](AttendInputs* in) { in->bias = {.table = six, .head_stride = 5}; }),
                "bias.table holds 6 floats, but [heads 1, head_stride 5] needs 5");
  const auto biased = [&](std::size_t stride, std::size_t zero, const Mask& mask) {
    AttendInputs in = good;
    in.mask = mask;
    in.bias = {.table = std::span(six).first(stride), .head_stride = stride, .zero = zero};
    return in;
  };
  const Mask all = {.kind = Mask::Kind::kNone};
  // Two queries and three keys: distances from -1 to 2.
  EXPECT_TRUE(Attend(biased(4, 1, all)).ok());
  EXPECT_TRUE(Attend(biased(2, 1, {})).ok()) << "a causal query attends to no distance above 0";
  ExpectInvalid(biased(4, 4, all), "bias.zero 4 is not below bias.head_stride 4");
  ExpectInvalid(biased(4, 2, all),
                "bias has the distances -2 to 1, query 0 attends to keys 0 to 2");
  ExpectInvalid(biased(4, 0, all),
                "bias has the distances -0 to 3, query 1 attends to keys 0 to 2");
  ExpectInvalid(biased(4, 1, {.kind = Mask::Kind::kNone, .first_query = kHugePosition}),
                "attends to keys 0 to 2");
  ExpectInvalid(with([&flags](AttendInputs* in) { in->mask.key_valid = flags; }),
                "key_valid holds 2 flags for 3 keys");
  ExpectInvalid(with([](AttendInputs* in) { in->softcap = -1.0F; }), "softcap");
  ExpectInvalid(with([](AttendInputs* in) { in->scale = kMinusInfinity; }), "scale");
  constexpr std::size_t kHuge = std::numeric_limits<std::size_t>::max() / 2;
  ExpectInvalid(with([](AttendInputs* in) { in->queries = kHuge; }), "needs too many");
}

TEST(Attend, OutputsBeyondAnyMemoryAreALimit) {
  constexpr std::size_t kHuge = std::numeric_limits<std::size_t>::max() / 2;
  const std::vector<float> one(1, 1.0F);
  const Result<AttendOutputs> result = Attend({.queries = 1,
                                               .keys = 0,
                                               .query_width = 1,
                                               .key_width = kHuge,
                                               .value_width = kHuge,
                                               .query = one,
                                               .scoring = ScoringFunction::kGeneral});
  ASSERT_FALSE(result.ok());
}

TEST(Attend, RunsOnTheKernelsThatWereAskedFor) {
  constexpr std::size_t kHeads = 6;
  constexpr std::size_t kKvHeads = 2;
  constexpr std::size_t kDim = 24;
  constexpr std::size_t kTokens = 70;
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  const auto floats = [&](std::size_t count) {
    std::vector<float> values(count);
    for (float& value : values) value = normal(random);
    return values;
  };
  const std::vector<float> query = floats(kTokens * kHeads * kDim);
  const std::vector<float> key = floats(kTokens * kKvHeads * kDim);
  const std::vector<float> value = floats(kTokens * kKvHeads * kDim);
  std::vector<float> scalar_weights;
  for (const Isa isa : AvailableIsas()) {
    SCOPED_TRACE(IsaName(isa));
    const auto result = Attend({.queries = kTokens,
                                .keys = kTokens,
                                .heads = kHeads,
                                .kv_heads = kKvHeads,
                                .query_width = kDim,
                                .key_width = kDim,
                                .value_width = kDim,
                                .query = query,
                                .key = key,
                                .value = value,
                                .mask = {.kind = Mask::Kind::kSlidingWindow, .window = 40},
                                .isa = isa});
    ASSERT_TRUE(result.ok()) << result.status().message();
    // The same bits as one tile of these kernels for each head and block of queries.
    const kernels::KernelTable& table = *kernels::KernelsFor(isa);
    const std::size_t scratch_floats = table.attend_scratch_floats(kDim, kDim);
    const auto scratch = platform::AlignedBuffer::Allocate(scratch_floats * sizeof(float));
    const auto weights =
        platform::AlignedBuffer::Allocate(kernels::kMaxTileRows * 80 * sizeof(float));
    const auto split_max = platform::AlignedBuffer::Allocate(
        kernels::kMaxTileRows * kernels::SplitMaxFloats(kTokens) * sizeof(float));
    for (std::size_t head = 0; head < kHeads; ++head) {
      for (std::size_t first = 0; first < kTokens; first += kernels::kMaxTileRows) {
        std::size_t begin[kernels::kMaxTileRows];
        std::size_t end[kernels::kMaxTileRows];
        float log_sum_exp[kernels::kMaxTileRows];
        std::vector<float> out(kernels::kMaxTileRows * kDim);
        kernels::AttendTileArgs args;
        args.rows = std::min(kTokens - first, kernels::kMaxTileRows);
        for (std::size_t r = 0; r < args.rows; ++r) {
          end[r] = first + r + 1;
          begin[r] = end[r] > 40 ? end[r] - 40 : 0;
        }
        args.head_dim = kDim;
        args.value_dim = kDim;
        args.query = query.data() + (first * kHeads + head) * kDim;
        args.query_stride = kHeads * kDim;
        args.key = reinterpret_cast<const std::byte*>(key.data() + head / 3 * kDim);
        args.key_stride = kKvHeads * kDim * sizeof(float);
        args.value = reinterpret_cast<const std::byte*>(value.data() + head / 3 * kDim);
        args.value_stride = kKvHeads * kDim * sizeof(float);
        args.key_begin = begin;
        args.key_end = end;
        args.scale = attention::ScoreScale({.key_width = kDim});
        args.out = out.data();
        args.out_stride = kDim;
        args.log_sum_exp = log_sum_exp;
        args.weights = weights.As<float>();
        args.weights_stride = 80;
        args.split_max = split_max.As<float>();
        args.key_count = kTokens;
        args.scratch = scratch.As<float>();
        table.attend_tile(args);
        for (std::size_t r = 0; r < args.rows; ++r) {
          const std::size_t row = head * kTokens + first + r;
          ASSERT_EQ(result->log_sum_exp[row], log_sum_exp[r]);
          for (std::size_t k = 0; k < kTokens; ++k) {
            ASSERT_EQ(result->weights[row * kTokens + k], args.weights[r * 80 + k])
                << r << " " << k;
          }
          for (std::size_t i = 0; i < kDim; ++i) {
            ASSERT_EQ(result->output[((first + r) * kHeads + head) * kDim + i], out[r * kDim + i]);
          }
        }
      }
    }
    if (isa == Isa::kScalar) {
      scalar_weights = result->weights;
    } else {
      EXPECT_NE(result->weights, scalar_weights);  // Other kernels round otherwise.
    }
  }
}

TEST(Attend, RefusesKernelsThatTheCpuLacks) {
  const std::vector<float> one = {1.0F};
  const auto result = Attend({.queries = 1,
                              .keys = 1,
                              .query_width = 1,
                              .key_width = 1,
                              .value_width = 1,
                              .query = one,
                              .key = one,
                              .value = one,
                              .isa = MissingIsa()});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.status().code(), StatusCode::kUnsupported);
  EXPECT_THAT(result.status().message(), HasSubstr(std::string(IsaName(MissingIsa()))));
}

}  // namespace
}  // namespace fovea
