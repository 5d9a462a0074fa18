// The products in bfloat16 of the instruction sets that this machine has.
#include "engine/kernels/bf16/bf16_products.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <tuple>

#include "engine/tensor/dequantize.h"
#include "platform/aligned_buffer.h"
#include "tests/kernels/kernel_test.h"

namespace fovea::kernels {
namespace {

class Bf16ProductsTest : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (kernels().bf16 == nullptr) GTEST_SKIP() << "no products in bfloat16";
    for (const DataType type : {DataType::kF16, DataType::kBF16}) {
      if (kernels().bf16->takes(type)) types_.push_back(type);
    }
    scratch_ = platform::AlignedBuffer::Allocate(kBf16ScratchBytes);
    ASSERT_TRUE(scratch_);
  }

  /// Bit 14 clear: no weight is huge, infinite or NaN.
  std::vector<std::uint16_t> RandomWeights(std::size_t n) {
    std::vector<std::uint16_t> weights(n);
    for (std::uint16_t& bits : weights) bits = static_cast<std::uint16_t>(random_() & 0xBFFFU);
    return weights;
  }

  /// out [tokens, rows] from tightly packed operands.
  std::vector<float> Product(DataType type, const std::uint16_t* w, const float* x,
                             std::size_t rows, std::size_t tokens, std::size_t cols) {
    const auto prepared = platform::AlignedBuffer::Allocate(tokens * Bf16Cols(cols) * 2 + 64);
    kernels().bf16->prepare(x, cols, tokens, cols, prepared.As<std::uint16_t>());
    FencedFloats out(tokens * rows, rows % 4);
    kernels().bf16->gemm(type, reinterpret_cast<const std::byte*>(w), 2 * cols, rows,
                         prepared.As<std::uint16_t>(), tokens, cols, out.data(), rows,
                         scratch_.As<std::byte>());
    EXPECT_TRUE(out.FencesStand());
    return {out.data(), out.data() + tokens * rows};
  }

  std::vector<DataType> types_;
  platform::AlignedBuffer scratch_;
};

// One rounding of the activation (2^-8 of its size), the products exact, the sums as floats sum.
TEST_P(Bf16ProductsTest, AreCloseToTheExactOnes) {
  for (const DataType type : types_) {
    for (const std::size_t cols : {0UL, 1UL, 31UL, 32UL, 33UL, 64UL, 100UL, 768UL, 2300UL}) {
      for (const auto& [rows, tokens] : {std::tuple{1UL, 1UL},
                                         {37UL, 1UL},
                                         {4UL, 6UL},
                                         {5UL, 7UL},
                                         {33UL, 16UL},
                                         {19UL, 50UL},
                                         {0UL, 3UL},
                                         {3UL, 0UL}}) {
        const std::vector<std::uint16_t> w = RandomWeights(rows * cols);
        const std::vector<float> x = Random(tokens * cols);
        const std::vector<float> out = Product(type, w.data(), x.data(), rows, tokens, cols);
        std::vector<float> weights(rows * cols);
        Dequantize(type, w.data(), rows * cols, weights.data());
        for (std::size_t t = 0; t < tokens; ++t) {
          for (std::size_t r = 0; r < rows; ++r) {
            double expected = 0;
            double magnitude = 0;
            for (std::size_t c = 0; c < cols; ++c) {
              const double product = static_cast<double>(weights[r * cols + c]) * x[t * cols + c];
              expected += product;
              magnitude += std::abs(product);
            }
            const double sums = 2 * static_cast<double>(cols) * kEpsilon;
            // These instructions take subnormal numbers, and sums that small, for zero.
            const double lost = 4 * static_cast<double>(cols) *
                                static_cast<double>(std::numeric_limits<float>::min());
            ASSERT_NEAR(out[t * rows + r], expected, magnitude * (0x1p-8 + sums) + lost)
                << DataTypeName(type) << " " << rows << "x" << cols << ", " << tokens << " tokens";
          }
        }
      }
    }
  }
}

TEST_P(Bf16ProductsTest, AreBitEqualHoweverRowsAndTokensAreSplit) {
  constexpr std::size_t kRows = 41;
  constexpr std::size_t kTokens = 37;
  for (const DataType type : types_) {
    for (const std::size_t cols : {5UL, 64UL, 129UL, 2100UL}) {
      const std::vector<std::uint16_t> w = RandomWeights(kRows * cols);
      const std::vector<float> x = Random(kTokens * cols);
      const std::vector<float> whole = Product(type, w.data(), x.data(), kRows, kTokens, cols);
      for (const std::size_t row_step : {1UL, 7UL, 16UL, 32UL}) {
        for (const std::size_t token_step : {1UL, 2UL, 6UL, 15UL, 16UL, 33UL}) {
          std::vector<float> parts(kRows * kTokens);
          for (std::size_t r = 0; r < kRows; r += row_step) {
            const std::size_t rows = std::min(row_step, kRows - r);
            for (std::size_t t = 0; t < kTokens; t += token_step) {
              const std::size_t tokens = std::min(token_step, kTokens - t);
              const std::vector<float> part =
                  Product(type, w.data() + r * cols, x.data() + t * cols, rows, tokens, cols);
              for (std::size_t i = 0; i < tokens; ++i) {
                std::copy_n(&part[i * rows], rows, &parts[(t + i) * kRows + r]);
              }
            }
          }
          ASSERT_EQ(parts, whole) << row_step << " rows, " << token_step << " tokens at a time";
        }
      }
    }
  }
}

TEST_P(Bf16ProductsTest, LetNoNonFiniteValueDisappear) {
  for (const DataType type : types_) {
    const std::vector<std::uint16_t> w(2 * 40, 0x3C00);
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      std::vector<float> x(40, 0.25F);
      x[33] = bad;
      for (const float value : Product(type, w.data(), x.data(), 2, 1, 40)) {
        EXPECT_FALSE(std::isfinite(value));
      }
    }
  }
}

FOVEA_KERNEL_TESTS(Bf16ProductsTest);

}  // namespace
}  // namespace fovea::kernels
