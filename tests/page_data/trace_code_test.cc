#include "tools/attention-dump/page/trace_code.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tools/attention-dump/page/fit_queries.h"

namespace fovea::dump {
namespace {

constexpr std::size_t kTokens = 120;
constexpr std::size_t kDim = 16;

struct Made {
  std::vector<float> query, key;
  TraceGroup group;

  Made() {
    std::mt19937 random(2);
    std::normal_distribution<float> normal;
    for (std::size_t i = 0; i < kTokens * kDim; ++i) {
      query.push_back(normal(random));
      key.push_back(normal(random) * 1.5F);
    }
    group = {.tokens = kTokens, .dim = kDim, .queries = {query}, .key = key, .scale = 0.25F};
  }
};

double Score(const std::vector<float>& query, const std::vector<float>& key, std::size_t q,
             std::size_t k) {
  double score = 0.0;
  for (std::size_t c = 0; c < kDim; ++c) {
    score += static_cast<double>(query[q * kDim + c]) * static_cast<double>(key[k * kDim + c]);
  }
  return 0.25 * score;
}

TEST(TraceCodeTest, ScoresErrByWhatWasAsked) {
  const Made made;
  const BalancedGroup balanced = Balance(made.group);
  for (const double asked : {0.001, 0.01, 0.1}) {
    const CodedGroup coded = CodeGroup(made.group, balanced, asked);
    const std::vector<float> query = coded.queries[0].Values();
    const std::vector<float> key = coded.key.Values();
    double squares = 0.0;
    for (std::size_t q = 0; q < kTokens; ++q) {
      for (std::size_t k = 0; k < kTokens; ++k) {
        const double error =
            Score(query, key, q, k) - Score(balanced.queries[0], balanced.key, q, k);
        squares += error * error / (kTokens * kTokens);
      }
    }
    EXPECT_NEAR(std::sqrt(squares) / asked, 1.0, 0.1);
  }
}

TEST(TraceCodeTest, CodesStayWithinSixteenBits) {
  const Made made;
  const BalancedGroup balanced = Balance(made.group);
  const CodedGroup coded = CodeGroup(made.group, balanced, 1e-9);
  const std::vector<float> values = coded.key.Values();
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_NEAR(values[i], balanced.key[i], 0.51F * coded.key.steps[i % kDim]);
  }
}

TEST(TraceCodeTest, PlanesPutHighBytesFirst) {
  const CodedArray array = {.codes = {1, -2, 0x1234}, .steps = {1.0F}};
  EXPECT_EQ(array.Planes(), std::string("\x00\xff\x12\x01\xfe\x34", 6));
}

TEST(FitQueriesTest, LargestErrorOfAWeightShrinksSeveralTimes) {
  const Made made;
  const BalancedGroup balanced = Balance(made.group);
  CodedGroup coded = CodeGroup(made.group, balanced, 0.05);
  const HeadTrace computed = {.tokens = kTokens,
                              .dim = kDim,
                              .query = made.query,
                              .key = made.key,
                              .scale = 0.25F,
                              .isa = BestIsa()};
  HeadTrace in_basis = computed;
  in_basis.query = balanced.queries[0];
  in_basis.key = balanced.key;
  const auto largest_error = [&] {
    const std::vector<float> query = coded.queries[0].Values();
    const std::vector<float> key = coded.key.Values();
    double largest = 0.0;
    for (std::size_t q = 0; q < kTokens; ++q) {
      double sums[2] = {};
      for (std::size_t k = 0; k <= q; ++k) {
        sums[0] += std::exp(Score(query, key, q, k));
        sums[1] += std::exp(Score(made.query, made.key, q, k));
      }
      for (std::size_t k = 0; k <= q; ++k) {
        largest =
            std::max(largest, std::abs(std::exp(Score(query, key, q, k)) / sums[0] -
                                       std::exp(Score(made.query, made.key, q, k)) / sums[1]));
      }
    }
    return largest;
  };
  const std::vector<std::int16_t> before = coded.queries[0].codes;
  const double rounded = largest_error();
  ASSERT_TRUE(
      FitQueries(computed, in_basis, balanced.key_power, coded.key, &coded.queries[0]).ok());
  EXPECT_LT(3.0 * largest_error(), rounded);
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_LE(std::abs(before[i] - coded.queries[0].codes[i]), 4);
  }
}

}  // namespace
}  // namespace fovea::dump
