#include "tests/kernels/kernel_test.h"

namespace fovea::kernels {
namespace {

class LogitSumsTest : public KernelTest {};

float Largest(const std::vector<float>& values) {
  float largest = -std::numeric_limits<float>::infinity();
  for (const float value : values) largest = std::max(largest, value);
  return largest;
}

// Runs of 8 vectors err by at most 8 roundings, exp by two ulp more.
constexpr double kRelative = 10 * kEpsilon / 2;

TEST_P(LogitSumsTest, AddsTheExponentialsOfEveryLengthAndNothingBeyond) {
  for (const std::size_t n : Lengths()) {
    const std::vector<float> values = Random(n, -30.0F, 30.0F);
    FencedFloats x(values, n % 4);
    const float shift = Largest(values);
    double want = 0.0;
    for (const float value : values) want += std::exp(static_cast<double>(value - shift));
    EXPECT_NEAR(kernels().sum_exp(x.data(), shift, n), want, kRelative * want) << n;
  }
}

TEST_P(LogitSumsTest, CountsEqualLogitsExactlyInAnyNumber) {
  for (const std::size_t n : {1U, 17U, 128U, 129U, 50000U, 100001U}) {
    const std::vector<float> x(n, 3.25F);
    EXPECT_EQ(kernels().sum_exp(x.data(), 3.25F, n), static_cast<double>(n));
  }
}

TEST_P(LogitSumsTest, AddsTheTermsOfADivergenceOfEveryLength) {
  for (const std::size_t n : Lengths()) {
    const std::vector<float> p_values = Random(n, -10.0F, 10.0F);
    const std::vector<float> q_values = Random(n, -10.0F, 10.0F);
    FencedFloats p(p_values, n % 4);
    FencedFloats q(q_values, (n + 1) % 4);
    const float shift = n == 0 ? 0.0F : Largest(p_values) + 0.5F;
    const float gap = 0.75F;
    double mass = 0.0, log_ratio = 0.0, magnitude = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      const double power = std::exp(static_cast<double>(p_values[i] - shift));
      const double ratio =
          static_cast<double>(p_values[i]) - static_cast<double>(q_values[i]) + 0.75;
      mass += power;
      log_ratio += power * ratio;
      magnitude += power * (std::abs(ratio) + 2.0);
    }
    const DivergenceTerms terms = kernels().divergence_sums(p.data(), shift, q.data(), gap, n);
    EXPECT_NEAR(terms.mass, mass, kRelative * mass) << n;
    EXPECT_NEAR(terms.log_ratio, log_ratio, kRelative * magnitude) << n;
  }
}

TEST_P(LogitSumsTest, FindsNoDivergenceBetweenEqualRows) {
  const std::vector<float> p = Random(777, -20.0F, 20.0F);
  EXPECT_EQ(kernels().divergence_sums(p.data(), 20.0F, p.data(), 0.0F, p.size()).log_ratio, 0.0);
}

TEST_P(LogitSumsTest, PassesNanOn) {
  for (const std::size_t place : {0U, 5U, 130U, 140U}) {
    std::vector<float> x = Random(141);
    const std::vector<float> y = Random(141);
    x[place] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_TRUE(std::isnan(kernels().sum_exp(x.data(), 2.0F, x.size())));
    EXPECT_TRUE(std::isnan(kernels().divergence_sums(x.data(), 2.0F, y.data(), 0, x.size()).mass));
    EXPECT_TRUE(
        std::isnan(kernels().divergence_sums(y.data(), 2.0F, x.data(), 0, x.size()).log_ratio));
  }
}

FOVEA_KERNEL_TESTS(LogitSumsTest);

}  // namespace
}  // namespace fovea::kernels
