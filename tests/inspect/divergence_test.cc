// Distributions whose divergences are known in closed form.
#include "fovea/divergence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/kernels/dispatch/kernel_table.h"
#include "tests/kernels/isas_to_test.h"

namespace fovea {
namespace {

const double kLn2 = std::log(2.0);

double Js(const std::vector<float>& p, const std::vector<float>& q) {
  return JensenShannon(p.data(), q.data(), p.size());
}

TEST(JensenShannon, OfEqualRowsIsExactlyZero) {
  const std::vector<float> p = {0.1F, 0.0F, 0.7F, 0.2F};
  EXPECT_EQ(Js(p, p), 0.0);
  EXPECT_EQ(JensenShannon(nullptr, nullptr, 0), 0.0);
}

TEST(JensenShannon, OfRowsWithNothingInCommonIsLnTwo) {
  EXPECT_NEAR(Js({1, 0, 0}, {0, 0.5F, 0.5F}), kLn2, 1e-15);
  EXPECT_NEAR(Js({0, 1}, {1, 0}), kLn2, 1e-15);
}

TEST(JensenShannon, OfOneTokenAgainstTwoIsKnownByHand) {
  // m = (3/4, 1/4): (ln(4/3) + (1/2) ln(2/3) + (1/2) ln 2) / 2.
  const double want = (std::log(4.0 / 3) + 0.5 * std::log(2.0 / 3) + 0.5 * kLn2) / 2;
  EXPECT_NEAR(Js({1, 0}, {0.5F, 0.5F}), want, 1e-15);
  EXPECT_NEAR(Js({0.5F, 0.5F}, {1, 0}), want, 1e-15);
}

TEST(JensenShannon, OfNearlyEqualRowsIsAnEighthOfTheChiSquare) {
  // For q = p + d the leading term is Σ d² / (8 p); here d / p = ±2^-12, so the rest is below 1e-7
  // of it.
  const float d = 0x1p-14F;
  const double want = 4.0 * 0x1p-28 / (8 * 0.25);
  EXPECT_NEAR(Js({0.25F, 0.25F, 0.25F, 0.25F}, {0.25F + d, 0.25F - d, 0.25F + d, 0.25F - d}), want,
              1e-6 * want);
}

TEST(JensenShannon, AgreesWithItsDefinitionOnBothSidesOfTheSeries) {
  for (const double r : {0.05, 0.0999, 0.1001, 0.2, 0.9}) {
    const std::vector<float> p = {static_cast<float>(0.5 * (1 - r)),
                                  static_cast<float>(0.5 * (1 + r))};
    const std::vector<float> q = {p[1], p[0]};
    double want = 0.0;
    for (int i = 0; i < 2; ++i) {
      const double a = p[static_cast<std::size_t>(i)], b = q[static_cast<std::size_t>(i)];
      want += (a * std::log(2 * a / (a + b)) + b * std::log(2 * b / (a + b))) / 2;
    }
    EXPECT_NEAR(Js(p, q), want, 1e-12 * want + 1e-15) << r;
  }
}

TEST(JensenShannon, OfNanIsNan) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(Js({nan, 0.5F}, {0.5F, 0.5F})));
}

TEST(SameLargest, ComparesPlacesAndTakesTheFirstOfEquals) {
  const float a[] = {0.2F, 0.4F, 0.4F}, b[] = {0.0F, 0.9F, 0.1F}, c[] = {0.1F, 0.2F, 0.7F};
  EXPECT_TRUE(SameLargest(a, b, 3));
  EXPECT_FALSE(SameLargest(a, c, 3));
}

TEST(LogSumExp, OfEqualLogitsIsTheirValuePlusTheLogarithmOfTheirNumber) {
  for (const std::size_t n : {1U, 3U, 256U, 257U, 50000U}) {
    for (const float value : {-300.0F, 0.0F, 80.0F}) {
      EXPECT_NEAR(LogSumExp(std::vector<float>(n, value), Kernels::Best()),
                  static_cast<double>(value) + std::log(static_cast<double>(n)), 3e-7);
    }
  }
}

TEST(NegativeLogLikelihood, IsTheLossOfTheIdAsked) {
  const Kernels kernels = Kernels::Best();
  const std::vector<float> logits = {std::log(0.5F), std::log(0.25F), std::log(0.25F)};
  EXPECT_NEAR(NegativeLogLikelihood(logits, 0, kernels), kLn2, 1e-6);
  EXPECT_NEAR(NegativeLogLikelihood(logits, 2, kernels), 2 * kLn2, 1e-6);
}

TEST(KullbackLeibler, OfEqualRowsIsExactlyZero) {
  std::vector<float> logits(1000);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>(i % 37) / 3;
  EXPECT_EQ(KullbackLeibler(logits, logits, Kernels::Best()), 0.0);
}

TEST(KullbackLeibler, IsKnownByHandForThreeTokensAndIsNotSymmetric) {
  const Kernels kernels = Kernels::Best();
  // Probabilities 1/2, 1/4, 1/4 against 1/4, 1/4, 1/2; a constant in the logits changes nothing.
  const float ln2 = static_cast<float>(kLn2);
  const std::vector<float> p = {ln2, 0, 0}, q = {7, 7, 7 + ln2};
  EXPECT_NEAR(KullbackLeibler(p, q, kernels), 0.25 * kLn2, 1e-6);
  // 1/2, 1/2 against 3/4, 1/4: ln 2 - ln 3 / 2; the other way (3/4) ln 3 - ln 2.
  const float ln3 = std::log(3.0F);
  EXPECT_NEAR(KullbackLeibler(std::vector<float>{0, 0}, std::vector<float>{ln3, 0}, kernels),
              kLn2 - std::log(3.0) / 2, 1e-6);
  EXPECT_NEAR(KullbackLeibler(std::vector<float>{ln3, 0}, std::vector<float>{0, 0}, kernels),
              0.75 * std::log(3.0) - kLn2, 1e-6);
}

TEST(KullbackLeibler, TakesLogSumsThatAreKnown) {
  const Kernels kernels = Kernels::Best();
  std::vector<float> p(777), q(777);
  for (std::size_t i = 0; i < p.size(); ++i) {
    p[i] = static_cast<float>((i * 31) % 101) / 10;
    q[i] = static_cast<float>((i * 17) % 97) / 10;
  }
  EXPECT_EQ(KullbackLeibler(p, LogSumExp(p, kernels), q, LogSumExp(q, kernels), kernels),
            KullbackLeibler(p, q, kernels));
  // And both agree with the definition in double precision.
  double p_sum = 0, q_sum = 0, want = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    p_sum += std::exp(static_cast<double>(p[i]));
    q_sum += std::exp(static_cast<double>(q[i]));
  }
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double a = std::exp(static_cast<double>(p[i])) / p_sum;
    want += a * std::log(a / (std::exp(static_cast<double>(q[i])) / q_sum));
  }
  EXPECT_NEAR(KullbackLeibler(p, q, kernels), want, 2e-6 * want);
}

TEST(DivergencesOfLogits, AreComputedByTheKernelsThatWereAskedFor) {
  std::vector<float> p(4099);
  std::vector<float> q(p.size());
  for (std::size_t i = 0; i < p.size(); ++i) {
    p[i] = static_cast<float>(std::sin(static_cast<double>(i))) * 4.0F;
    q[i] = static_cast<float>(std::cos(static_cast<double>(i) * 1.1)) * 3.0F;
  }
  const float largest = *std::max_element(p.begin(), p.end());
  for (const Isa isa : AvailableIsas()) {
    SCOPED_TRACE(IsaName(isa));
    const Kernels kernels = *Kernels::For(isa);
    EXPECT_EQ(kernels.isa(), isa);
    const kernels::KernelTable& table = *kernels::KernelsFor(isa);
    const double log_sum_exp =
        std::log(table.sum_exp(p.data(), largest, p.size())) + static_cast<double>(largest);
    EXPECT_EQ(LogSumExp(p, kernels), log_sum_exp);
    EXPECT_EQ(LogSumExp(p, largest, kernels), log_sum_exp);
    EXPECT_EQ(NegativeLogLikelihood(p, 5, kernels), log_sum_exp - static_cast<double>(p[5]));
    const double q_log_sum_exp = LogSumExp(q, kernels);
    const double gap = q_log_sum_exp - log_sum_exp;
    const auto rounded = static_cast<float>(gap);
    const kernels::DivergenceTerms terms = table.divergence_sums(
        p.data(), static_cast<float>(log_sum_exp), q.data(), rounded, p.size());
    const double divergence = terms.log_ratio + (gap - static_cast<double>(rounded)) * terms.mass;
    EXPECT_EQ(KullbackLeibler(p, q, kernels), divergence);
    EXPECT_EQ(KullbackLeibler(p, log_sum_exp, q, q_log_sum_exp, kernels), divergence);
  }
}

TEST(Kernels, OfAnInstructionSetThatTheCpuLacksAreRefused) {
  const Result<Kernels> kernels = Kernels::For(MissingIsa());
  ASSERT_FALSE(kernels);
  EXPECT_EQ(kernels.status().code(), StatusCode::kUnsupported);
  EXPECT_NE(kernels.status().message().find(IsaName(MissingIsa())), std::string::npos);
}

}  // namespace
}  // namespace fovea
