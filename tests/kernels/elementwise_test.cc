#include <bit>
#include <cstdint>

#include "engine/tensor/dequantize.h"
#include "tests/kernels/kernel_test.h"

namespace fovea::kernels {
namespace {

class ElementwiseTest : public KernelTest {
 protected:
  /// NEON on 32-bit ARM makes one NaN of all.
  bool has_one_nan() const {
#if defined(__arm__)
    return kernels().isa == Isa::kNeon;
#else
    return false;
#endif
  }
};

TEST_P(ElementwiseTest, AddsExactlyAndMayAlias) {
  for (const std::size_t n : Lengths()) {
    const std::vector<float> values_a = Random(n);
    const std::vector<float> values_b = Random(n);
    FencedFloats a(values_a, n % 4);
    FencedFloats b(values_b, (n + 1) % 4);
    FencedFloats out(n, (n + 2) % 4);
    kernels().add(a.data(), b.data(), n, out.data());
    for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(out[i], values_a[i] + values_b[i]);
    EXPECT_TRUE(out.FencesStand());
    kernels().add(a.data(), b.data(), n, a.data());
    kernels().add(values_a.data(), b.data(), n, b.data());
    for (std::size_t i = 0; i < n; ++i) ASSERT_TRUE(a[i] == out[i] && b[i] == out[i]);
    EXPECT_TRUE(a.FencesStand());
  }
}

TEST_P(ElementwiseTest, ScalesExactlyInPlace) {
  for (const std::size_t n : Lengths()) {
    const std::vector<float> values = Random(n);
    FencedFloats x(values, n % 4);
    kernels().scale(0.3F, n, x.data());
    for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(x[i], values[i] * 0.3F);
    EXPECT_TRUE(x.FencesStand());
  }
}

TEST_P(ElementwiseTest, WidensEveryHalfBitEqually) {
  std::vector<std::uint16_t> halves(1 << 16);
  for (std::size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<std::uint16_t>(i);
  std::vector<float> out(halves.size());
  kernels().f16_to_f32(halves.data(), halves.size(), out.data());
  for (std::size_t i = 0; i < halves.size(); ++i) {
    const float expected = HalfToFloat(halves[i]);
    if (has_one_nan() && std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(out[i])) << i;
    } else {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(out[i]), std::bit_cast<std::uint32_t>(expected)) << i;
    }
  }
}

TEST_P(ElementwiseTest, NarrowsToTheNearestEvenHalfBitEqually) {
  std::vector<float> values;
  // Every half, the middle between it and the next, and both neighbours of that middle.
  for (std::uint32_t bits = 0; bits < (1U << 16); ++bits) {
    const float value = HalfToFloat(static_cast<std::uint16_t>(bits));
    const float next = HalfToFloat(static_cast<std::uint16_t>(bits + 1));
    const float middle = value + (next - value) / 2;
    values.insert(values.end(),
                  {value, middle, std::nextafter(middle, value), std::nextafter(middle, next)});
  }
  for (const float extreme : {65504.0F, 65519.99F, 65520.0F, 1e30F, 1e-30F, 1e-45F, 0.0F,
                              std::numeric_limits<float>::infinity()}) {
    values.insert(values.end(), {extreme, -extreme});
  }
  for (int i = 0; i < 100'000; ++i)
    values.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(random_())));
  std::vector<std::uint16_t> out(values.size());
  kernels().f32_to_f16(values.data(), values.size(), out.data());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool one_nan = has_one_nan() && std::isnan(values[i]);
    ASSERT_EQ(one_nan ? out[i] & 0x7E00 : out[i], one_nan ? 0x7E00 : FloatToHalf(values[i]))
        << values[i];
  }
}

TEST_P(ElementwiseTest, ConvertsHalvesOfEveryLengthWithinItsBounds) {
  for (const std::size_t n : Lengths()) {
    const std::vector<float> values = Random(n);
    std::vector<std::uint16_t> halves(n + 2, 0xABCD);
    kernels().f32_to_f16(values.data(), n, halves.data() + 1);
    EXPECT_TRUE(halves.front() == 0xABCD && halves.back() == 0xABCD);
    FencedFloats back(n, n % 4);
    kernels().f16_to_f32(halves.data() + 1, n, back.data());
    EXPECT_TRUE(back.FencesStand());
    // Eleven significant bits: half a unit in the last place is 2^-11 relative.
    for (std::size_t i = 0; i < n; ++i) {
      ASSERT_NEAR(back[i], values[i], std::abs(values[i]) * 0x1p-11 + 0x1p-25);
    }
  }
}

FOVEA_KERNEL_TESTS(ElementwiseTest);

}  // namespace
}  // namespace fovea::kernels
