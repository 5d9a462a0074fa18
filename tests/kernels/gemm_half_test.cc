#include <algorithm>
#include <cstring>
#include <tuple>

#include "tests/kernels/kernel_test.h"

namespace fovea::kernels {
namespace {

constexpr DataType kTypes[] = {DataType::kF16, DataType::kBF16};

class GemmHalfTest : public KernelTest {
 protected:
  /// Random 16-bit floats at any address, bit 14 clear: none is huge, infinite or NaN.
  std::vector<std::byte> RandomHalves(std::size_t n, std::size_t offset) {
    std::vector<std::byte> bytes(offset + 2 * n);
    for (std::size_t i = 0; i < n; ++i) {
      const auto bits = static_cast<std::uint16_t>(random_() & 0xBFFFU);
      std::memcpy(bytes.data() + offset + 2 * i, &bits, sizeof(bits));
    }
    return bytes;
  }
};

TEST_P(GemmHalfTest, IsBitEqualToDequantizingFirst) {
  for (const DataType type : kTypes) {
    for (const std::size_t cols :
         {0UL, 1UL, 5UL, 8UL, 15UL, 16UL, 17UL, 31UL, 64UL, 130UL, 768UL}) {
      for (const auto& [rows, tokens] : {std::tuple{1UL, 1UL},
                                         {21UL, 1UL},
                                         {7UL, 2UL},
                                         {16UL, 3UL},
                                         {9UL, 6UL},
                                         {18UL, 13UL},
                                         {0UL, 3UL},
                                         {3UL, 0UL}}) {
        const std::size_t offset = cols % 4;
        const std::vector<std::byte> w = RandomHalves(rows * cols, offset);
        const std::vector<float> x = Random(tokens * cols);
        std::vector<float> widened(rows * cols);
        kernels().dequantize(type, w.data() + offset, rows * cols, widened.data());
        std::vector<float> expected(rows * tokens);
        kernels().gemm(widened.data(), cols, rows, x.data(), cols, tokens, cols, expected.data(),
                       rows);
        std::vector<float> out(rows * tokens);
        kernels().gemm_half(type, w.data() + offset, 2 * cols, rows, x.data(), cols, tokens, cols,
                            out.data(), rows);
        ASSERT_EQ(out, expected) << DataTypeName(type) << " " << rows << "x" << cols << ", "
                                 << tokens << " tokens";
      }
    }
  }
}

TEST_P(GemmHalfTest, KeepsToItsStridesAndBounds) {
  constexpr std::size_t kRows = 11;
  constexpr std::size_t kCols = 37;
  constexpr std::size_t kRowBytes = 2 * kCols + 6;
  constexpr std::size_t kStride = 41;
  constexpr std::size_t kOutStride = 14;
  for (const DataType type : kTypes) {
    for (const std::size_t tokens : {1UL, 4UL, 7UL}) {
      const std::vector<std::byte> tight = RandomHalves(kRows * kCols, 0);
      const std::vector<float> tight_x = Random(tokens * kCols);
      std::vector<float> expected(tokens * kRows);
      kernels().gemm_half(type, tight.data(), 2 * kCols, kRows, tight_x.data(), kCols, tokens,
                          kCols, expected.data(), kRows);
      // What lies between the rows is NaN: it must not be read into a sum.
      std::vector<std::byte> w(kRows * kRowBytes, std::byte{0xFF});
      for (std::size_t r = 0; r < kRows; ++r) {
        std::copy_n(&tight[r * 2 * kCols], 2 * kCols, &w[r * kRowBytes]);
      }
      FencedFloats x(std::vector<float>(tokens * kStride, std::nanf("")), 1);
      for (std::size_t t = 0; t < tokens; ++t) {
        std::copy_n(&tight_x[t * kCols], kCols, x.data() + t * kStride);
      }
      FencedFloats out(std::vector<float>(tokens * kOutStride, 7.0F), 3);
      kernels().gemm_half(type, w.data(), kRowBytes, kRows, x.data(), kStride, tokens, kCols,
                          out.data(), kOutStride);
      for (std::size_t t = 0; t < tokens; ++t) {
        for (std::size_t r = 0; r < kOutStride; ++r) {
          ASSERT_EQ(out[t * kOutStride + r], r < kRows ? expected[t * kRows + r] : 7.0F);
        }
      }
      EXPECT_TRUE(out.FencesStand());
    }
  }
}

FOVEA_KERNEL_TESTS(GemmHalfTest);

}  // namespace
}  // namespace fovea::kernels
