// Bounds, with ε = 2^-23 and u = ε/2 the error of one rounding:
// exp of the vector library is within 1 unit in the last place (ε relative); the sigmoid z·n/(1 +
// e) adds a product, a sum and a quotient (3u): silu is within 4ε. gelu's exponent v has itself an
// error of at most 4u·|v|, so exp(-|v|) is off by 2ε·|v| more. gelu_erf: the argument x²/2 of exp
// has an error of u·x²/2, and exp is off by that much more, ε·x²/4; exp itself, the quotient t, the
// last steps of the polynomial and two products make up less than 4ε. softcap: tanh within 4 units,
// plus a quotient (whose error tanh does not enlarge) and a product. Below the smallest normal
// float units are absolute: one unit of the subnormals, 2^-149, times the few steps taken; targets
// may also flush such arguments, steps and results to zero (2^-126, times what a step is multiplied
// by).
#include <algorithm>

#include "tests/kernels/kernel_test.h"

namespace fovea::kernels {
namespace {

constexpr double kTwiceRoot = 1.5957691216057308;  // 2·√(2/π)
constexpr double kSmallestNormal = 0x1p-126;

double Sigmoid(double x) {
  return 1.0 / (1.0 + std::exp(-x));
}
double GeluExponent(double x) {
  return kTwiceRoot * (x + 0.044715 * x * x * x);
}
double Silu(double x) {
  return x * Sigmoid(x);
}
double Gelu(double x) {
  return x * Sigmoid(GeluExponent(x));
}

double GeluErf(double x) {
  return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
}

double SiluBound(double x) {
  // exp(-104) is below half of the smallest number: what is flushed lies above.
  return 4 * kEpsilon * std::abs(Silu(x)) + kSmallestNormal * (1 + std::min(std::abs(x), 104.0));
}
double GeluBound(double x) {
  const double relative = 4 * kEpsilon + 2 * kEpsilon * std::abs(GeluExponent(x));
  return relative * std::abs(Gelu(x)) + kSmallestNormal * (1 + std::abs(x));
}

double GeluErfBound(double x) {
  const double relative = 4 * kEpsilon + kEpsilon * x * x / 4;
  return relative * std::abs(GeluErf(x)) + kSmallestNormal * (1 + std::abs(x));
}

class ActivationsTest : public KernelTest {
 protected:
  /// A sweep over the range where something happens, and magnitudes up to the largest float.
  static std::vector<float> Arguments() {
    std::vector<float> values;
    for (float x = -120.0F; x <= 120.0F; x += 0.0078125F) values.push_back(x);
    for (float x = 1e-38F; x < 1e38F; x *= 1.7F) values.insert(values.end(), {x, -x});
    const float most = std::numeric_limits<float>::max();
    values.insert(values.end(), {0.0F, -0.0F, most, -most});
    return values;
  }
};

TEST_P(ActivationsTest, SiluIsAccurateEverywhere) {
  const std::vector<float> x = Arguments();
  std::vector<float> out(x.size());
  kernels().silu(x.data(), x.size(), out.data());
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_NEAR(out[i], Silu(x[i]), SiluBound(x[i])) << x[i];
  }
}

TEST_P(ActivationsTest, GeluIsAccurateEverywhere) {
  const std::vector<float> x = Arguments();
  std::vector<float> out(x.size());
  kernels().gelu(x.data(), x.size(), out.data());
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_NEAR(out[i], Gelu(x[i]), GeluBound(x[i])) << x[i];
  }
}

TEST_P(ActivationsTest, ExactGeluIsAccurateEverywhere) {
  std::vector<float> x = Arguments();
  for (float a = -14.0F; a <= 14.0F; a += 0.0004F) x.push_back(a);
  std::vector<float> out(x.size());
  kernels().gelu_erf(x.data(), x.size(), out.data());
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_NEAR(out[i], GeluErf(x[i]), GeluErfBound(x[i])) << x[i];
  }
}

TEST_P(ActivationsTest, ReluIsExact) {
  const std::vector<float> x = Arguments();
  std::vector<float> out(x.size());
  kernels().relu(x.data(), x.size(), out.data());
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(out[i], std::max(x[i], 0.0F)) << x[i];
}

TEST_P(ActivationsTest, InfinityStaysInfinite) {
  const std::vector<float> x(9, std::numeric_limits<float>::infinity());
  std::vector<float> out(9);
  for (const auto function : {kernels().silu, kernels().gelu, kernels().gelu_erf, kernels().relu}) {
    function(x.data(), x.size(), out.data());
    for (const float y : out) ASSERT_EQ(y, x[0]);
  }
}

TEST_P(ActivationsTest, ProductsWithTheGateAreTheActivationTimesTheOther) {
  for (const std::size_t n : Lengths()) {
    const std::vector<float> gate = Random(n, -8.0F, 8.0F);
    const std::vector<float> up = Random(n);
    FencedFloats silu_mul(n, n % 4);
    FencedFloats gelu_mul(n, (n + 1) % 4);
    kernels().silu_mul(gate.data(), up.data(), n, silu_mul.data());
    kernels().gelu_mul(gate.data(), up.data(), n, gelu_mul.data());
    FencedFloats gelu_erf_mul(n, (n + 2) % 4);
    FencedFloats relu_mul(n, (n + 3) % 4);
    kernels().gelu_erf_mul(gate.data(), up.data(), n, gelu_erf_mul.data());
    kernels().relu_mul(gate.data(), up.data(), n, relu_mul.data());
    for (std::size_t i = 0; i < n; ++i) {
      const double u = up[i];
      const double silu = Silu(gate[i]) * u;
      const double gelu = Gelu(gate[i]) * u;
      ASSERT_NEAR(silu_mul[i], silu, SiluBound(gate[i]) * std::abs(u) + kEpsilon * std::abs(silu));
      ASSERT_NEAR(gelu_mul[i], gelu, GeluBound(gate[i]) * std::abs(u) + kEpsilon * std::abs(gelu));
      const double exact = GeluErf(gate[i]) * u;
      ASSERT_NEAR(gelu_erf_mul[i], exact,
                  GeluErfBound(gate[i]) * std::abs(u) + kEpsilon * std::abs(exact));
      ASSERT_EQ(relu_mul[i], std::max(gate[i], 0.0F) * up[i]);
    }
    EXPECT_TRUE(silu_mul.FencesStand() && gelu_mul.FencesStand());
    EXPECT_TRUE(gelu_erf_mul.FencesStand() && relu_mul.FencesStand());
  }
}

TEST_P(ActivationsTest, MayAliasAnyInput) {
  for (const std::size_t n : Lengths()) {
    const std::vector<float> gate = Random(n, -8.0F, 8.0F);
    const std::vector<float> up = Random(n);
    std::vector<float> expected(n);
    kernels().silu_mul(gate.data(), up.data(), n, expected.data());
    std::vector<float> over_gate = gate;
    std::vector<float> over_up = up;
    kernels().silu_mul(over_gate.data(), up.data(), n, over_gate.data());
    kernels().silu_mul(gate.data(), over_up.data(), n, over_up.data());
    ASSERT_EQ(over_gate, expected);
    ASSERT_EQ(over_up, expected);
    for (const auto function : {kernels().gelu, kernels().gelu_erf, kernels().relu}) {
      function(gate.data(), n, expected.data());
      over_gate = gate;
      function(over_gate.data(), n, over_gate.data());
      ASSERT_EQ(over_gate, expected);
    }
  }
}

TEST_P(ActivationsTest, GiveTheSameBitsWhereverAValueLies) {
  const std::vector<float> x = Random(100, -20.0F, 20.0F);
  std::vector<float> whole(x.size());
  for (const auto function : {kernels().gelu, kernels().gelu_erf}) {
    function(x.data(), x.size(), whole.data());
    for (std::size_t begin = 0; begin < x.size(); ++begin) {
      for (std::size_t n = 1; n <= 17 && begin + n <= x.size(); ++n) {
        std::vector<float> part(n);
        function(x.data() + begin, n, part.data());
        for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(part[i], whole[begin + i]);
      }
    }
  }
}

TEST_P(ActivationsTest, SoftcapIsAccurateAndBounded) {
  for (const float cap : {0.5F, 30.0F, 50.0F}) {
    const std::vector<float> values = Arguments();
    FencedFloats x(values, 1);
    kernels().softcap(cap, values.size(), x.data());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double expected = cap * std::tanh(static_cast<double>(values[i]) / cap);
      ASSERT_NEAR(x[i], expected,
                  6 * kEpsilon * std::abs(expected) + kSmallestNormal * std::max(cap, 1.0F))
          << values[i];
      ASSERT_LE(std::abs(x[i]), cap);
    }
    EXPECT_TRUE(x.FencesStand());
  }
}

TEST_P(ActivationsTest, PassNotANumberOn) {
  const std::vector<float> nan(9, std::numeric_limits<float>::quiet_NaN());
  std::vector<float> out(9);
  for (const auto function : {kernels().silu, kernels().gelu, kernels().gelu_erf, kernels().relu}) {
    function(nan.data(), 9, out.data());
    for (const float value : out) EXPECT_TRUE(std::isnan(value));
  }
  out = nan;
  kernels().softcap(30.0F, 9, out.data());
  for (const float value : out) EXPECT_TRUE(std::isnan(value));
}

FOVEA_KERNEL_TESTS(ActivationsTest);

}  // namespace
}  // namespace fovea::kernels
