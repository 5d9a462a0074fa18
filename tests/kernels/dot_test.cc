#include "tests/kernels/kernel_test.h"

namespace fovea::kernels {
namespace {

class DotTest : public KernelTest {};

// n products summed in any order, each step rounded once: the error is at most about
// n · ε/2 · Σ|a·b|; two roundings per step are allowed for targets without fused multiply-add.
TEST_P(DotTest, IsCloseToTheReferenceForEveryLengthAndAlignment) {
  for (const std::size_t n : Lengths()) {
    const std::vector<float> values_a = Random(n);
    const std::vector<float> values_b = Random(n);
    double expected = 0;
    double magnitude = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double product = static_cast<double>(values_a[i]) * values_b[i];
      expected += product;
      magnitude += std::abs(product);
    }
    for (std::size_t offset = 0; offset < 4; ++offset) {
      FencedFloats a(values_a, offset);
      FencedFloats b(values_b, 3 - offset);
      const double bound = static_cast<double>(n + 1) * kEpsilon * magnitude;
      EXPECT_NEAR(kernels().dot(a.data(), b.data(), n), expected, bound) << n << " +" << offset;
    }
  }
}

TEST_P(DotTest, PassesNotANumberOnFromEveryPlace) {
  for (std::size_t place = 0; place < 70; ++place) {
    std::vector<float> a = Random(70);
    const std::vector<float> b = Random(70);
    a[place] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_TRUE(std::isnan(kernels().dot(a.data(), b.data(), 70)));
  }
}

FOVEA_KERNEL_TESTS(DotTest);

}  // namespace
}  // namespace fovea::kernels
