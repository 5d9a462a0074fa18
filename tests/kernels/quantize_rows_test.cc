// Where the parts of quantized rows lie, alone and in pairs.
#include "engine/kernels/quantize/quantize_rows.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "engine/kernels/dispatch/kernel_table.h"

namespace fovea::kernels {
namespace {

struct Rows {
  Rows(const KernelTable& table, const std::vector<float>& x, std::size_t x_stride,
       std::size_t tokens, std::size_t cols)
      : quants(tokens * cols + 1, kFence), blocks(tokens * cols / kActivationBlock) {
    QuantizeRows(table, x.data(), x_stride, tokens, cols, quants.data(), blocks.data());
    EXPECT_EQ(quants.back(), kFence);
    quants.pop_back();
  }

  /// Word number `at` of all blocks.
  std::uint32_t Word(std::size_t at) const {
    std::uint32_t word = 0;
    std::memcpy(&word, reinterpret_cast<const std::byte*>(blocks.data()) + at * sizeof(word),
                sizeof(word));
    return word;
  }

  static constexpr std::int8_t kFence = -128;  // No quant.
  std::vector<std::int8_t> quants;
  std::vector<ActivationBlock> blocks;
};

constexpr std::size_t kWords = sizeof(ActivationBlock) / sizeof(float);

TEST(QuantizeRowsTest, PairsShareTheirPlacesAndTheLastOfAnOddNumberLiesAlone) {
  const KernelTable alone = *KernelsFor(Isa::kScalar);
  KernelTable paired = alone;
  paired.pairs_tokens = true;
  std::mt19937 random(3);
  std::uniform_real_distribution<float> uniform(-2.0F, 2.0F);
  for (const std::size_t cols : {32U, 96U, 512U, 544U, 1056U}) {  // More than is paired at once
    for (std::size_t tokens = 1; tokens <= 5; ++tokens) {
      const std::size_t stride = cols + 5;
      std::vector<float> x(tokens * stride);
      for (float& value : x) value = uniform(random);
      const Rows expected(alone, x, stride, tokens, cols);
      const Rows rows(paired, x, stride, tokens, cols);
      for (std::size_t t = 0; t < tokens; ++t) {
        const std::size_t pair = t / 2 * 2;
        const bool is_alone = pair + 1 == tokens;
        for (std::size_t c = 0; c < cols; ++c) {
          const std::size_t at =
              is_alone ? c : (c / 8 * 2 + t % 2) * 8 + c % 8;  // [cols / 8, 2, 8]
          ASSERT_EQ(rows.quants[pair * cols + at], expected.quants[t * cols + c])
              << "cols " << cols << " tokens " << tokens << " at " << t << ", " << c;
        }
        const std::size_t words = cols / kActivationBlock * kWords;
        for (std::size_t w = 0; w < words; ++w) {
          const std::size_t at = is_alone ? w : 2 * w + t % 2;  // [cols / 32, 4, 2]
          ASSERT_EQ(rows.Word(pair * words + at), expected.Word(t * words + w))
              << "cols " << cols << " tokens " << tokens << " at " << t << ", word " << w;
        }
      }
    }
  }
}

TEST(QuantizeRowsTest, AloneEachRowIsWhatTheKernelMakesOfIt) {
  const KernelTable& table = *KernelsFor(Isa::kScalar);
  constexpr std::size_t kCols = 64;
  std::vector<float> x(3 * kCols);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 37) - 18.0F;
  const Rows rows(table, x, kCols, 3, kCols);
  for (std::size_t t = 0; t < 3; ++t) {
    std::vector<std::int8_t> quants(kCols);
    std::vector<ActivationBlock> blocks(kCols / kActivationBlock);
    table.quantize_row(x.data() + t * kCols, kCols, quants.data(), blocks.data());
    for (std::size_t c = 0; c < kCols; ++c) EXPECT_EQ(rows.quants[t * kCols + c], quants[c]);
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      EXPECT_EQ(rows.blocks[t * blocks.size() + b].scale, blocks[b].scale);
      EXPECT_EQ(rows.blocks[t * blocks.size() + b].sum, blocks[b].sum);
    }
  }
}

}  // namespace
}  // namespace fovea::kernels
