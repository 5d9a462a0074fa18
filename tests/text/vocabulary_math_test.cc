#include "engine/text/vocabulary_math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "fovea/sampler.h"

namespace fovea::text {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<float> RandomLogits(std::size_t size, float spread, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-spread, spread);
  std::vector<float> logits(size);
  for (float& logit : logits) logit = uniform(random);
  return logits;
}

TEST(VocabularyMath, FindsTheFirstNonFiniteValueAtEveryPlace) {
  for (std::size_t size = 0; size < 20; ++size) {
    std::vector<float> values(size, std::numeric_limits<float>::max());
    EXPECT_EQ(FirstNonFinite(values), std::nullopt);
    for (std::size_t place = 0; place < size; ++place) {
      for (const float bad : {kNan, kInfinity, -kInfinity}) {
        std::vector<float> broken = values;
        broken[place] = bad;
        broken.back() = size - 1 == place ? bad : kNan;
        EXPECT_EQ(FirstNonFinite(broken), place);
        EXPECT_EQ(scalar::FirstNonFinite(broken), place);
      }
    }
  }
}

TEST(VocabularyMath, FindsTheLargestValueAtEveryPlace) {
  for (std::size_t size = 1; size < 20; ++size) {
    for (std::size_t place = 0; place < size; ++place) {
      std::vector<float> values(size, -3.0F);
      values[place] = -2.0F;
      EXPECT_EQ(MaxValue(values), -2.0F);
      EXPECT_EQ(ArgMax(values), static_cast<std::int32_t>(place));
    }
  }
}

TEST(VocabularyMath, PassesOverNanInTheMaximum) {
  for (std::size_t place = 0; place < 9; ++place) {
    std::vector<float> values(9, 1.0F);
    values[place] = kNan;
    EXPECT_EQ(MaxValue(values), 1.0F);
    EXPECT_EQ(scalar::MaxValue(values), 1.0F);
    EXPECT_EQ(ArgMax(values), place == 0 ? 1 : 0);
  }
  const std::vector<float> nothing(5, kNan);
  EXPECT_EQ(ArgMax(nothing), 0);
  EXPECT_EQ(MaxValue(nothing), -kInfinity);
}

TEST(VocabularyMath, ArgMaxTakesTheLowestIdAmongEquals) {
  EXPECT_EQ(ArgMax(std::vector<float>{1, 7, 3, 7, 7, 2, 7}), 1);
  EXPECT_EQ(ArgMax(std::vector<float>{-0.0F, 0.0F}), 0);
  EXPECT_EQ(ArgMax(std::vector<float>(6, -kInfinity)), 0);
}

TEST(VocabularyMath, VectorAndScalarWeightsAreBitEqual) {
  for (const float temperature : {0.01F, 0.7F, 1.0F, 3.5F}) {
    for (std::size_t size = 1; size < 70; ++size) {
      const std::vector<float> logits = RandomLogits(size, 30.0F, static_cast<unsigned>(size));
      const float max = MaxValue(logits);
      std::vector<float> a(size);
      std::vector<float> b(size);
      SoftmaxWeights(logits, max, temperature, a);
      scalar::SoftmaxWeights(logits, max, temperature, b);
      EXPECT_EQ(std::memcmp(a.data(), b.data(), size * sizeof(float)), 0) << size;
    }
  }
}

TEST(VocabularyMath, WeightsAreExponentialsToFloatPrecision) {
  // Cephes gives 1.7e-7 as the largest relative error of this polynomial; the header promises 2e-7.
  std::vector<float> logits;
  for (int i = 0; i < 87'000; ++i) logits.push_back(-0.001F * static_cast<float>(i));
  std::vector<float> weights(logits.size());
  SoftmaxWeights(logits, 0.0F, 1.0F, weights);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double exact = std::exp(static_cast<double>(logits[i]));
    ASSERT_NEAR(weights[i] / exact, 1.0, 2e-7) << logits[i];
  }
  EXPECT_EQ(weights[0], 1.0F);
}

TEST(VocabularyMath, TinyWeightsBecomeZeroAndNeverNan) {
  const std::vector<float> logits = {0.0F, -88.0F, -1e30F, std::numeric_limits<float>::lowest(),
                                     -86.9F};
  std::vector<float> weights(logits.size());
  SoftmaxWeights(logits, 0.0F, 1.0F, weights);
  EXPECT_EQ(weights[0], 1.0F);
  EXPECT_EQ(weights[1], 0.0F);
  EXPECT_EQ(weights[2], 0.0F);
  EXPECT_EQ(weights[3], 0.0F);
  EXPECT_GT(weights[4], 0.0F);
  // The difference overflows to -infinity.
  const std::vector<float> wide = {3e38F, -3e38F, 3e38F, -3e38F, -3e38F};
  weights.resize(wide.size());
  SoftmaxWeights(wide, 3e38F, 1e-30F, weights);
  EXPECT_EQ(weights, (std::vector<float>{1, 0, 1, 0, 0}));
}

}  // namespace
}  // namespace fovea::text
