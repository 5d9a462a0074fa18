#include "tools/attention-dump/page/balance.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tools/attention-dump/page/symmetric_eigen.h"

namespace fovea::dump {
namespace {

constexpr std::size_t kTokens = 50;
constexpr std::size_t kDim = 8;

/// Two heads that read one KV head; channels of unequal size, keys with a mean.
struct Made {
  std::vector<float> first, second, key;
  TraceGroup group;

  explicit Made(float softcap = 0.0F, std::size_t tokens = kTokens) {
    std::mt19937 random(11);
    std::normal_distribution<float> normal;
    for (std::size_t i = 0; i < tokens * kDim; ++i) {
      const float size = std::exp2(static_cast<float>(i % kDim) - 4.0F);
      first.push_back(normal(random) * size);
      second.push_back(normal(random));
      key.push_back(normal(random) / size + 3.0F);
    }
    group = {.tokens = tokens,
             .dim = kDim,
             .queries = {first, second},
             .key = key,
             .scale = 0.5F,
             .softcap = softcap};
  }
};

double Dot(const float* a, const float* b) {
  double sum = 0.0;
  for (std::size_t c = 0; c < kDim; ++c) {
    sum += static_cast<double>(a[c]) * static_cast<double>(b[c]);
  }
  return sum;
}

TEST(SymmetricEigenTest, ValuesAndVectorsOfAMatrixKnownByHand) {
  SquareMatrix matrix(2);
  matrix.cells = {2.0, 1.0, 1.0, 2.0};
  const SymmetricEigen eigen = EigenOf(matrix);
  EXPECT_NEAR(std::max(eigen.values[0], eigen.values[1]), 3.0, 1e-12);
  EXPECT_NEAR(std::min(eigen.values[0], eigen.values[1]), 1.0, 1e-12);
  const std::size_t larger = eigen.values[0] > eigen.values[1] ? 0 : 1;
  EXPECT_NEAR(std::abs(eigen.vectors.Row(larger)[0]), std::sqrt(0.5), 1e-12);
  EXPECT_NEAR(eigen.vectors.Row(larger)[0], eigen.vectors.Row(larger)[1], 1e-12);
}

TEST(BalanceTest, ScoresChangeByAConstantPerQuery) {
  const Made made;
  const BalancedGroup balanced = Balance(made.group);
  for (std::size_t head = 0; head < 2; ++head) {
    for (std::size_t q = 0; q < kTokens; ++q) {
      const float* query = made.group.queries[head].data() + q * kDim;
      const float* other = balanced.queries[head].data() + q * kDim;
      const double constant = Dot(query, made.key.data()) - Dot(other, balanced.key.data());
      for (std::size_t k = 0; k < kTokens; ++k) {
        EXPECT_NEAR(Dot(query, made.key.data() + k * kDim),
                    Dot(other, balanced.key.data() + k * kDim) + constant, 2e-4);
      }
    }
  }
}

TEST(BalanceTest, WithASoftcapScoresDoNotChange) {
  const Made made(30.0F);
  const BalancedGroup balanced = Balance(made.group);
  for (std::size_t q = 0; q < kTokens; ++q) {
    for (std::size_t k = 0; k < kTokens; ++k) {
      EXPECT_NEAR(Dot(made.first.data() + q * kDim, made.key.data() + k * kDim),
                  Dot(balanced.queries[0].data() + q * kDim, balanced.key.data() + k * kDim), 2e-4);
    }
  }
}

TEST(BalanceTest, QueriesAndKeysGetTheSameSecondMoments) {
  const Made made;
  const BalancedGroup balanced = Balance(made.group);
  for (std::size_t c = 0; c < kDim; ++c) {
    const double queries = (balanced.query_power[0][c] + balanced.query_power[1][c]) / 2;
    EXPECT_NEAR(queries / balanced.key_power[c], 1.0, 1e-2);  // but for the ridge
  }
}

TEST(BalanceTest, OneTokenAndNoDirectionAtAllAreFine) {
  const Made one(0.0F, 1);
  const BalancedGroup balanced = Balance(one.group);
  for (const float value : balanced.queries[0]) EXPECT_TRUE(std::isfinite(value));
  for (const float value : balanced.key) EXPECT_TRUE(std::isfinite(value));
  Made zero;
  std::fill(zero.first.begin(), zero.first.end(), 0.0F);
  std::fill(zero.second.begin(), zero.second.end(), 0.0F);
  std::fill(zero.key.begin(), zero.key.end(), 0.0F);
  for (const float value : Balance(zero.group).key) EXPECT_EQ(value, 0.0F);
}

}  // namespace
}  // namespace fovea::dump
