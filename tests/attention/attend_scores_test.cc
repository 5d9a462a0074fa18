// Attention as an operator against scores that are computed one by one in double precision.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "engine/attention/scoring.h"
#include "fovea/attention.h"

namespace fovea {
namespace {

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

}  // namespace
}  // namespace fovea
