// Products in bfloat16 on an emulated tile unit: the order of sums to the bit, what the values mean
// within derived errors, and independence from how rows and tokens are split.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <random>
#include <vector>

#include "engine/kernels/bf16/bf16_products.h"
#include "engine/tensor/dequantize.h"
#include "platform/aligned_buffer.h"
#include "platform/cpu_features.h"
#include "tests/kernels/emulated_kernels.h"
#include "tests/kernels/kernel_test.h"

namespace fovea::kernels {
namespace {

#if FOVEA_KERNELS_AMX

/// To the nearest bfloat16, ties to even; subnormals become zero.
float RoundToBf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(FlushSubnormal(value));
  return std::bit_cast<float>((bits + 0x7FFFU + (bits >> 16 & 1U)) & 0xFFFF0000U);
}

class Bf16AmxTest : public ::testing::TestWithParam<DataType> {
 protected:
  void SetUp() override {
    if (!platform::DetectCpuFeatures().avx512_bf16) GTEST_SKIP() << "this CPU lacks AVX512-BF16";
    scratch_ = platform::AlignedBuffer::Allocate(kBf16ScratchBytes);
    ASSERT_TRUE(scratch_);
  }

  /// Bit 14 clear: no weight is huge, infinite or NaN.
  std::vector<std::uint16_t> RandomWeights(std::size_t n) {
    std::vector<std::uint16_t> weights(n);
    for (std::uint16_t& bits : weights) bits = static_cast<std::uint16_t>(random_() & 0xBFFFU);
    return weights;
  }
  std::vector<float> RandomActivations(std::size_t n) {
    std::normal_distribution<float> normal;
    std::vector<float> x(n);
    for (float& value : x) value = normal(random_);
    return x;
  }
  float Value(std::uint16_t bits) const {
    return GetParam() == DataType::kF16 ? HalfToFloat(bits) : BFloat16ToFloat(bits);
  }

  std::vector<float> Product(const std::vector<std::uint16_t>& w, const std::vector<float>& x,
                             std::size_t rows, std::size_t tokens, std::size_t cols) {
    const auto prepared = platform::AlignedBuffer::Allocate(tokens * Bf16Cols(cols) * 2 + 64);
    N_AVX3::Bf16PrepareForTiles(x.data(), cols, tokens, cols, prepared.As<std::uint16_t>());
    FencedFloats out(tokens * rows, rows % 4);
    EmulatedTiles tiles;
    N_AVX3::Bf16GemmEmulated(tiles, GetParam(), reinterpret_cast<const std::byte*>(w.data()),
                             2 * cols, rows, prepared.As<std::uint16_t>(), tokens, cols, out.data(),
                             rows, scratch_.As<std::byte>());
    EXPECT_FALSE(tiles.faulted());
    EXPECT_FALSE(tiles.configured());
    EXPECT_TRUE(out.FencesStand());
    return {out.data(), out.data() + tokens * rows};
  }

  /// The definition: per 32 columns and bfloat16 of the weights, even and odd columns in chains of
  /// their own.
  float Reference(const std::uint16_t* w, const float* x, std::size_t cols) const {
    const std::size_t sections = GetParam() == DataType::kF16 ? 2 : 1;
    float sum = 0;
    for (std::size_t step = 0; step < cols; step += 32) {
      for (std::size_t section = 0; section < sections; ++section) {
        float chains[2] = {0, 0};
        for (std::size_t c = step; c < std::min(cols, step + 32); ++c) {
          float weight = Value(w[c]);
          if (sections == 2) {
            const float rounded = RoundToBf16(weight);
            weight = section == 0 ? rounded : weight - rounded;
          }
          chains[c % 2] = FusedFlushed(weight, RoundToBf16(x[c]), chains[c % 2]);
        }
        sum = FlushSubnormal(sum + FlushSubnormal(chains[0] + chains[1]));
      }
    }
    return sum;
  }

  std::mt19937 random_{5};
  platform::AlignedBuffer scratch_;
};

TEST_P(Bf16AmxTest, SumsInTheOrderOfTheTileUnitForEveryRemainder) {
  for (const std::size_t cols :
       {1UL, 2UL, 3UL, 30UL, 31UL, 32UL, 33UL, 63UL, 64UL, 65UL, 96UL, 257UL}) {
    for (const std::size_t rows : {1UL, 15UL, 16UL, 17UL, 32UL, 35UL}) {
      for (const std::size_t tokens : {1UL, 2UL, 3UL, 15UL, 16UL, 17UL, 32UL, 33UL, 48UL, 49UL}) {
        const std::vector<std::uint16_t> w = RandomWeights(rows * cols);
        const std::vector<float> x = RandomActivations(tokens * cols);
        const std::vector<float> out = Product(w, x, rows, tokens, cols);
        for (std::size_t t = 0; t < tokens; ++t) {
          for (std::size_t r = 0; r < rows; ++r) {
            ASSERT_EQ(out[t * rows + r], Reference(&w[r * cols], &x[t * cols], cols))
                << rows << "x" << cols << ", " << tokens << " tokens, at " << r << ", " << t;
          }
        }
      }
    }
  }
}

// Wide enough for several chunks of columns, tokens enough for two bands.
TEST_P(Bf16AmxTest, SumsInTheSameOrderAcrossChunksAndBands) {
  for (const auto& [tokens, cols] : {std::pair{1UL, 2200UL}, {20UL, 1100UL}, {530UL, 300UL}}) {
    constexpr std::size_t kRows = 3;
    const std::vector<std::uint16_t> w = RandomWeights(kRows * cols);
    const std::vector<float> x = RandomActivations(tokens * cols);
    const std::vector<float> out = Product(w, x, kRows, tokens, cols);
    for (std::size_t t = 0; t < tokens; ++t) {
      for (std::size_t r = 0; r < kRows; ++r) {
        ASSERT_EQ(out[t * kRows + r], Reference(&w[r * cols], &x[t * cols], cols));
      }
    }
  }
}

// One rounding of the activation (2^-8 of its size), the products exact, the sums as floats sum.
TEST_P(Bf16AmxTest, IsCloseToTheExactProduct) {
  constexpr std::size_t kRows = 7;
  constexpr std::size_t kTokens = 5;
  constexpr std::size_t kCols = 768;
  const std::vector<std::uint16_t> w = RandomWeights(kRows * kCols);
  const std::vector<float> x = RandomActivations(kTokens * kCols);
  const std::vector<float> out = Product(w, x, kRows, kTokens, kCols);
  for (std::size_t t = 0; t < kTokens; ++t) {
    for (std::size_t r = 0; r < kRows; ++r) {
      double expected = 0;
      double magnitude = 0;
      for (std::size_t c = 0; c < kCols; ++c) {
        const double product = static_cast<double>(Value(w[r * kCols + c])) * x[t * kCols + c];
        expected += product;
        magnitude += std::abs(product);
      }
      ASSERT_NEAR(out[t * kRows + r], expected, magnitude * (0x1p-8 + 2 * kCols * kEpsilon));
    }
  }
}

TEST_P(Bf16AmxTest, PreparesTokensInPartsAsInOne) {
  constexpr std::size_t kTokens = 39;
  constexpr std::size_t kCols = 70;
  const std::vector<float> x = RandomActivations(kTokens * kCols);
  std::vector<std::uint16_t> whole(kTokens * Bf16Cols(kCols));
  N_AVX3::Bf16PrepareForTiles(x.data(), kCols, kTokens, kCols, whole.data());
  std::vector<std::uint16_t> parts(whole.size());
  for (std::size_t t = 0; t < kTokens; t += kBf16TokenGroup) {
    N_AVX3::Bf16PrepareForTiles(x.data() + t * kCols, kCols, std::min(kBf16TokenGroup, kTokens - t),
                                kCols, parts.data() + t * Bf16Cols(kCols));
  }
  EXPECT_EQ(parts, whole);
}

TEST_P(Bf16AmxTest, TakesWeightsFromAnyAddressAndKeepsToItsStrides) {
  constexpr std::size_t kRows = 18;
  constexpr std::size_t kTokens = 17;
  constexpr std::size_t kCols = 45;
  constexpr std::size_t kRowBytes = 2 * kCols + 5;
  constexpr std::size_t kOutStride = 21;
  const std::vector<std::uint16_t> w = RandomWeights(kRows * kCols);
  const std::vector<float> x = RandomActivations(kTokens * kCols);
  const std::vector<float> expected = Product(w, x, kRows, kTokens, kCols);
  // Between the rows lies NaN.
  std::vector<std::byte> wide(1 + kRows * kRowBytes, std::byte{0xFF});
  for (std::size_t r = 0; r < kRows; ++r) {
    std::memcpy(&wide[1 + r * kRowBytes], &w[r * kCols], 2 * kCols);
  }
  std::vector<std::uint16_t> prepared(kTokens * Bf16Cols(kCols));
  N_AVX3::Bf16PrepareForTiles(x.data(), kCols, kTokens, kCols, prepared.data());
  std::vector<float> out(kTokens * kOutStride, 7.0F);
  EmulatedTiles tiles;
  N_AVX3::Bf16GemmEmulated(tiles, GetParam(), wide.data() + 1, kRowBytes, kRows, prepared.data(),
                           kTokens, kCols, out.data(), kOutStride, scratch_.As<std::byte>());
  for (std::size_t t = 0; t < kTokens; ++t) {
    for (std::size_t r = 0; r < kOutStride; ++r) {
      ASSERT_EQ(out[t * kOutStride + r], r < kRows ? expected[t * kRows + r] : 7.0F);
    }
  }
}

TEST_P(Bf16AmxTest, GivesZerosForNoColumns) {
  const std::vector<float> out = Product({}, {}, 3, 2, 0);
  EXPECT_EQ(out, std::vector<float>(6, 0.0F));
}

INSTANTIATE_TEST_SUITE_P(Types, Bf16AmxTest, ::testing::Values(DataType::kF16, DataType::kBF16),
                         [](const auto& param_info) {
                           return std::string(DataTypeName(param_info.param));
                         });

#endif  // FOVEA_KERNELS_AMX

}  // namespace
}  // namespace fovea::kernels
