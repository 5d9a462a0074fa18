#include "tests/kernels/kernel_test.h"

namespace fovea::kernels {
namespace {

constexpr float kSmall = 1e-5F;

class NormsTest : public KernelTest {};

// The mean square has a relative error of (n + 1)·ε at most, the root halves it, and four more
// roundings follow.
TEST_P(NormsTest, RmsNormIsCloseToTheReferenceForEveryLength) {
  for (const std::size_t n : Lengths()) {
    const std::vector<float> values = Random(n);
    const std::vector<float> weight = Random(n);
    std::vector<float> expected(n);
    scalar().rms_norm(values.data(), weight.data(), kSmall, n, expected.data());
    FencedFloats x(values, n % 4);
    FencedFloats out(n, (n + 1) % 4);
    kernels().rms_norm(x.data(), weight.data(), kSmall, n, out.data());
    const double relative = (static_cast<double>(n) / 2 + 5) * kEpsilon;
    for (std::size_t i = 0; i < n; ++i) {
      ASSERT_NEAR(out[i], expected[i], relative * std::abs(expected[i])) << n << " at " << i;
    }
    EXPECT_TRUE(out.FencesStand());
    kernels().rms_norm(x.data(), weight.data(), kSmall, n, x.data());
    for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(x[i], out[i]) << "aliased, " << n;
  }
}

// The mean is off by at most n·ε·mean|x|, which shifts every output by that over the deviation; the
// deviation itself has the relative error of a sum of n squares.
TEST_P(NormsTest, LayerNormIsCloseToTheReferenceWithAndWithoutWeights) {
  for (const std::size_t n : Lengths()) {
    const std::vector<float> values = Random(n, -1.0F, 3.0F);
    const std::vector<float> weight = Random(n);
    const std::vector<float> bias = Random(n);
    double sum = 0;
    double sum_of_magnitudes = 0;
    for (const float value : values) {
      sum += value;
      sum_of_magnitudes += std::abs(value);
    }
    const double count = static_cast<double>(n);
    double squares = 0;
    for (const float value : values) squares += (value - sum / count) * (value - sum / count);
    const double deviation = std::sqrt(squares / count + kSmall);
    const double shift = (count + 1) * kEpsilon * sum_of_magnitudes / count / deviation;
    for (const bool has_weight : {false, true}) {
      for (const bool has_bias : {false, true}) {
        const float* w = has_weight ? weight.data() : nullptr;
        const float* b = has_bias ? bias.data() : nullptr;
        std::vector<float> expected(n);
        scalar().layer_norm(values.data(), w, b, kSmall, n, expected.data());
        FencedFloats x(values, n % 4);
        FencedFloats out(n, (n + 1) % 4);
        kernels().layer_norm(x.data(), w, b, kSmall, n, out.data());
        for (std::size_t i = 0; i < n; ++i) {
          const double scale = has_weight ? std::abs(weight[i]) : 1.0;
          const double added = has_bias ? std::abs(bias[i]) : 0.0;
          const double normalised = std::abs(values[i] - sum / count) / deviation;
          // Before the bias is added, values may cancel: count the larger of the parts.
          const double bound = scale * shift * (1 + normalised) +
                               scale * normalised * (count / 2 + 6) * kEpsilon + added * kEpsilon;
          ASSERT_NEAR(out[i], expected[i], bound) << n << " at " << i;
        }
        EXPECT_TRUE(out.FencesStand());
        kernels().layer_norm(x.data(), w, b, kSmall, n, x.data());
        for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(x[i], out[i]) << "aliased, " << n;
      }
    }
  }
}

TEST_P(NormsTest, LayerNormOfEqualValuesIsItsBias) {
  const std::vector<float> x(37, 0.5F);
  const std::vector<float> bias = Random(37);
  std::vector<float> out(37);
  kernels().layer_norm(x.data(), nullptr, bias.data(), kSmall, 37, out.data());
  EXPECT_EQ(out, bias);
}

FOVEA_KERNEL_TESTS(NormsTest);

}  // namespace
}  // namespace fovea::kernels
