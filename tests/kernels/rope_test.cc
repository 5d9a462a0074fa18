#include "tests/kernels/kernel_test.h"

namespace fovea::kernels {
namespace {

class RopeTest : public KernelTest {};

// Each coordinate is a difference or sum of two products: at most three roundings of terms no
// larger than |a| + |b|.
TEST_P(RopeTest, RotatesBothLayoutsForEveryLength) {
  for (const RopeLayout layout : {RopeLayout::kInterleaved, RopeLayout::kHalves}) {
    for (const std::size_t pairs : Lengths()) {
      const std::vector<float> angles = Random(pairs, -100.0F, 100.0F);
      std::vector<float> cosine(pairs);
      std::vector<float> sine(pairs);
      for (std::size_t i = 0; i < pairs; ++i) {
        cosine[i] = std::cos(angles[i]);
        sine[i] = std::sin(angles[i]);
      }
      const std::vector<float> values = Random(2 * pairs);
      FencedFloats x(values, pairs % 4);
      kernels().rope(x.data(), cosine.data(), sine.data(), pairs, layout);
      EXPECT_TRUE(x.FencesStand());
      for (std::size_t i = 0; i < pairs; ++i) {
        const std::size_t first = layout == RopeLayout::kHalves ? i : 2 * i;
        const std::size_t second = layout == RopeLayout::kHalves ? i + pairs : 2 * i + 1;
        const double a = values[first];
        const double b = values[second];
        const double bound = 1.5 * kEpsilon * (std::abs(a) + std::abs(b));
        ASSERT_NEAR(x[first], a * cosine[i] - b * sine[i], bound) << pairs << " at " << i;
        ASSERT_NEAR(x[second], b * cosine[i] + a * sine[i], bound) << pairs << " at " << i;
      }
    }
  }
}

TEST_P(RopeTest, LeavesTheVectorAloneAtAngleZero) {
  const std::vector<float> values = Random(26);
  for (const RopeLayout layout : {RopeLayout::kInterleaved, RopeLayout::kHalves}) {
    std::vector<float> x = values;
    kernels().rope(x.data(), std::vector<float>(13, 1.0F).data(),
                   std::vector<float>(13, 0.0F).data(), 13, layout);
    EXPECT_EQ(x, values);
  }
}

FOVEA_KERNEL_TESTS(RopeTest);

}  // namespace
}  // namespace fovea::kernels
