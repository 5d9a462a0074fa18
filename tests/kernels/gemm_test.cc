#include <algorithm>
#include <tuple>

#include "tests/kernels/kernel_test.h"

namespace fovea::kernels {
namespace {

class GemmTest : public KernelTest {
 protected:
  /// out [tokens, rows] from tightly packed operands.
  std::vector<float> Product(const std::vector<float>& w, const std::vector<float>& x,
                             std::size_t rows, std::size_t tokens, std::size_t cols) {
    std::vector<float> out(rows * tokens);
    kernels().gemm(w.data(), cols, rows, x.data(), cols, tokens, cols, out.data(), rows);
    return out;
  }
};

TEST_P(GemmTest, IsCloseToTheReferenceWithinTheErrorOfASum) {
  for (const std::size_t cols :
       {0UL, 1UL, 3UL, 4UL, 7UL, 8UL, 15UL, 16UL, 17UL, 33UL, 64UL, 130UL, 288UL}) {
    for (const auto& [rows, tokens] : {std::tuple{1UL, 1UL},
                                       {3UL, 2UL},
                                       {4UL, 6UL},
                                       {5UL, 7UL},
                                       {8UL, 1UL},
                                       {17UL, 1UL},
                                       {9UL, 13UL},
                                       {0UL, 3UL},
                                       {3UL, 0UL}}) {
      const std::vector<float> w = Random(rows * cols);
      const std::vector<float> x = Random(tokens * cols);
      const std::vector<float> out = Product(w, x, rows, tokens, cols);
      for (std::size_t t = 0; t < tokens; ++t) {
        for (std::size_t r = 0; r < rows; ++r) {
          double expected = 0;
          double magnitude = 0;
          for (std::size_t c = 0; c < cols; ++c) {
            const double product = static_cast<double>(w[r * cols + c]) * x[t * cols + c];
            expected += product;
            magnitude += std::abs(product);
          }
          const double bound = static_cast<double>(cols + 1) * kEpsilon * magnitude;
          ASSERT_NEAR(out[t * rows + r], expected, bound)
              << rows << "x" << cols << ", " << tokens << " tokens, at " << r << ", " << t;
        }
      }
    }
  }
}

// The promise of kernel_table.h: an output depends on its own row and token alone.
TEST_P(GemmTest, IsBitEqualHoweverRowsAndTokensAreSplit) {
  constexpr std::size_t kRows = 21;
  constexpr std::size_t kTokens = 20;
  for (const std::size_t cols : {1UL, 5UL, 31UL, 64UL, 100UL, 288UL, 769UL}) {
    const std::vector<float> w = Random(kRows * cols);
    const std::vector<float> x = Random(kTokens * cols);
    const std::vector<float> whole = Product(w, x, kRows, kTokens, cols);
    for (std::size_t row_step = 1; row_step <= 9; ++row_step) {
      for (std::size_t token_step = 1; token_step <= 8; ++token_step) {
        std::vector<float> parts(kRows * kTokens);
        for (std::size_t r = 0; r < kRows; r += row_step) {
          for (std::size_t t = 0; t < kTokens; t += token_step) {
            kernels().gemm(w.data() + r * cols, cols, std::min(row_step, kRows - r),
                           x.data() + t * cols, cols, std::min(token_step, kTokens - t), cols,
                           parts.data() + t * kRows + r, kRows);
          }
        }
        ASSERT_EQ(parts, whole) << row_step << " rows, " << token_step << " tokens at a time";
      }
    }
  }
}

TEST_P(GemmTest, KeepsToItsStridesAndBoundsAtAnyAlignment) {
  constexpr std::size_t kRows = 6;
  constexpr std::size_t kTokens = 7;
  constexpr std::size_t kCols = 37;
  constexpr std::size_t kStride = 41;
  constexpr std::size_t kOutStride = 11;
  const std::vector<float> tight_w = Random(kRows * kCols);
  const std::vector<float> tight_x = Random(kTokens * kCols);
  const std::vector<float> expected = Product(tight_w, tight_x, kRows, kTokens, kCols);
  for (std::size_t offset = 0; offset < 4; ++offset) {
    // Between the rows lie values that must neither be read into a sum nor overwritten.
    const float poison = std::numeric_limits<float>::quiet_NaN();
    FencedFloats w(std::vector<float>(kRows * kStride, poison), offset);
    FencedFloats x(std::vector<float>(kTokens * kStride, poison), 3 - offset);
    FencedFloats out(std::vector<float>(kTokens * kOutStride, 7.0F), offset);
    for (std::size_t r = 0; r < kRows; ++r) {
      std::copy_n(&tight_w[r * kCols], kCols, w.data() + r * kStride);
    }
    for (std::size_t t = 0; t < kTokens; ++t) {
      std::copy_n(&tight_x[t * kCols], kCols, x.data() + t * kStride);
    }
    kernels().gemm(w.data(), kStride, kRows, x.data(), kStride, kTokens, kCols, out.data(),
                   kOutStride);
    for (std::size_t t = 0; t < kTokens; ++t) {
      for (std::size_t r = 0; r < kOutStride; ++r) {
        EXPECT_EQ(out[t * kOutStride + r], r < kRows ? expected[t * kRows + r] : 7.0F);
      }
    }
    EXPECT_TRUE(out.FencesStand());
  }
}

FOVEA_KERNEL_TESTS(GemmTest);

}  // namespace
}  // namespace fovea::kernels
