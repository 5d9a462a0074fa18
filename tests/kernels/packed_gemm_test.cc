// The integer products: every instruction set against the scalar reference to the bit, and the
// reference against decoded weights times decoded activations within what float sums may lose.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "engine/kernels/dispatch/kernel_table.h"
#include "engine/kernels/quantize/quantize_rows.h"
#include "engine/kernels/quantize/quantized_row.h"
#include "engine/tensor/dequantize.h"
#include "engine/tensor/packed_panels.h"
#include "tests/kernels/kernel_test.h"
#include "tests/tensor/type_lists.h"

namespace fovea::kernels {
namespace {

/// Every remainder of every tile, and more than one tile of each kind.
constexpr std::size_t kTokenCounts[] = {1, 2, 3, 4, 5, 6, 7, 11, 13, 16, 17, 31, 33, 40};

class PackedGemmTest : public KernelTest {
 protected:
  struct Activations {
    std::vector<std::int8_t> quants;
    std::vector<ActivationBlock> blocks;
    QuantizedRows rows() const { return {quants.data(), blocks.data()}; }
  };

  Activations Quantize(const KernelTable& table, const std::vector<float>& x, std::size_t cols) {
    Activations a;
    a.quants.resize(x.size());
    a.blocks.resize(x.size() / kActivationBlock);
    QuantizeRows(table, x.data(), cols, x.size() / cols, cols, a.quants.data(), a.blocks.data());
    return a;
  }

  /// By the scalar kernels, in the order that ours read.
  Activations QuantizeForOurs(const std::vector<float>& x, std::size_t cols) {
    KernelTable table = scalar();
    table.pairs_tokens = kernels().pairs_tokens;
    return Quantize(table, x, cols);
  }

  /// Rows of random blocks with finite scales, in file order.
  std::vector<std::byte> RandomRows(DataType type, std::size_t rows, std::size_t cols) {
    std::vector<std::byte> bytes(rows * RowBytes(type, cols));
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random_() & 255U);
    // Bit 14 of every 16-bit word: no half among them is huge or not finite.
    for (std::size_t i = 1; i < bytes.size(); i += 2) bytes[i] &= std::byte{0xBF};
    return bytes;
  }

  std::vector<std::byte> Pack(DataType type, const std::vector<std::byte>& rows, std::size_t count,
                              std::size_t cols) {
    const std::size_t panel_bytes = kPanelRows * RowBytes(type, cols);
    std::vector<std::byte> panels(count * panel_bytes);
    for (std::size_t s = 0; s < count; ++s) {
      PackPanel(type, rows.data() + s * panel_bytes, RowBytes(type, cols), kPanelRows,
                panels.data() + s * panel_bytes);
    }
    return panels;
  }
};

TEST_P(PackedGemmTest, QuantizesAsTheReferenceDoes) {
  for (const std::size_t cols : {std::size_t{32}, std::size_t{64}, std::size_t{576}}) {
    std::vector<float> x = Random(cols, -3.0F, 3.0F);
    x[1] = 0.0F;
    const Activations ours = Quantize(kernels(), x, cols);
    const Activations reference = Quantize(scalar(), x, cols);
    EXPECT_EQ(ours.quants, reference.quants);
    for (std::size_t b = 0; b < cols / kActivationBlock; ++b) {
      EXPECT_EQ(ours.blocks[b].scale, reference.blocks[b].scale);
      EXPECT_EQ(ours.blocks[b].scaled_sum, reference.blocks[b].scaled_sum);
      EXPECT_EQ(ours.blocks[b].sum, reference.blocks[b].sum);
      EXPECT_EQ(ours.blocks[b].first_sum, reference.blocks[b].first_sum);
      for (std::size_t i = 0; i < kActivationBlock; ++i) {
        const std::size_t at = b * kActivationBlock + i;
        // Half a step, and the roundings of scale, inverse and product.
        EXPECT_NEAR(static_cast<double>(ours.blocks[b].scale) * ours.quants[at], x[at],
                    ours.blocks[b].scale * (0.5 + 127 * 2 * kEpsilon));
      }
    }
  }
}

TEST_P(PackedGemmTest, QuantizesZerosTinyAndHugeValues) {
  std::vector<float> x(96, 0.0F);
  for (std::size_t i = 32; i < 64; ++i) x[i] = std::numeric_limits<float>::denorm_min();
  for (std::size_t i = 64; i < 96; ++i) x[i] = std::numeric_limits<float>::max();
  const Activations ours = Quantize(kernels(), x, 96);
  for (std::size_t i = 0; i < 64; ++i) EXPECT_EQ(ours.quants[i], 0);
  for (std::size_t i = 64; i < 96; ++i) EXPECT_EQ(ours.quants[i], 127);
  EXPECT_EQ(ours.blocks[0].scale, 0.0F);
  EXPECT_EQ(ours.blocks[1].scale, 0.0F);
  EXPECT_EQ(ours.blocks[2].scale, std::numeric_limits<float>::max() / 127.0F);
  EXPECT_EQ(ours.blocks[2].sum, 127 * 32);
  EXPECT_EQ(ours.blocks[2].first_sum, 127 * 16);
}

// A value that is not finite must reach the logits, where the session finds it.
TEST_P(PackedGemmTest, LetsNoNonFiniteValueDisappear) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    for (const std::size_t at : {std::size_t{0}, std::size_t{17}, std::size_t{31}}) {
      std::vector<float> x(64, 0.25F);
      x[at] = bad;
      const Activations a = Quantize(kernels(), x, 64);
      EXPECT_FALSE(std::isfinite(a.blocks[0].scale));
      EXPECT_TRUE(std::isfinite(a.blocks[1].scale));
      const std::vector<std::byte> rows = RandomRows(DataType::kQ8_0, kPanelRows, 64);
      const std::vector<std::byte> panel = Pack(DataType::kQ8_0, rows, 1, 64);
      std::vector<float> out(kPanelRows);
      kernels().packed_gemm(DataType::kQ8_0, panel.data(), 1, 64, a.rows(), 1, out.data(),
                            kPanelRows);
      for (const float value : out) EXPECT_FALSE(std::isfinite(value));
    }
  }
}

TEST_P(PackedGemmTest, EqualsTheReferenceToTheBitForEveryTypeAndShape) {
  for (const DataType type : testing::PackedTypes()) {
    for (const std::size_t cols :
         {std::size_t{32}, std::size_t{96}, std::size_t{256}, std::size_t{768}}) {
      if (cols % BlockElements(type) != 0) continue;
      for (const std::size_t count : {std::size_t{1}, std::size_t{2}, std::size_t{3}}) {
        const std::vector<std::byte> rows = RandomRows(type, count * kPanelRows, cols);
        const std::vector<std::byte> panels = Pack(type, rows, count, cols);
        for (const std::size_t tokens : kTokenCounts) {
          const std::vector<float> x = Random(tokens * cols);
          const Activations a = Quantize(scalar(), x, cols);
          const Activations b = QuantizeForOurs(x, cols);
          const std::size_t stride = count * kPanelRows + 3;
          FencedFloats ours(tokens * stride, tokens % 16);
          std::vector<float> reference(tokens * stride, 0.0F);
          kernels().packed_gemm(type, panels.data(), count, cols, b.rows(), tokens, ours.data(),
                                stride);
          scalar().packed_gemm(type, panels.data(), count, cols, a.rows(), tokens, reference.data(),
                               stride);
          EXPECT_TRUE(ours.FencesStand());
          for (std::size_t t = 0; t < tokens; ++t) {
            for (std::size_t r = 0; r < count * kPanelRows; ++r) {
              ASSERT_EQ(std::bit_cast<std::uint32_t>(ours[t * stride + r]),
                        std::bit_cast<std::uint32_t>(reference[t * stride + r]))
                  << DataTypeName(type) << " cols " << cols << " tokens " << tokens << " at " << t
                  << ", " << r << ": " << ours[t * stride + r] << " for "
                  << reference[t * stride + r];
            }
          }
        }
      }
    }
  }
}

// The largest sums that quants and activations can give: instruction sets that add up in 16 bits
// must not wrap around.
TEST_P(PackedGemmTest, EqualsTheReferenceForTheLargestProducts) {
  constexpr std::size_t kCols = 512;
  constexpr std::size_t kMaxTokens = 13;
  for (const DataType type : testing::PackedTypes()) {
    for (const unsigned quants : {0x00U, 0x7FU, 0x80U, 0x81U, 0x0FU, 0xF0U, 0xFFU}) {
      // Every byte of the quants, and scales of 1 (bytes 00 3C) where the type has them first.
      std::vector<std::byte> rows(kPanelRows * RowBytes(type, kCols), std::byte(quants));
      for (std::size_t at = 0; at < rows.size(); at += BlockBytes(type)) {
        const std::size_t scale_at = type == DataType::kQ6_K ? BlockBytes(type) - 2 : 0;
        rows[at + scale_at] = std::byte{0x00};
        rows[at + scale_at + 1] = std::byte{0x3C};
        if (type == DataType::kQ4_1 || type == DataType::kQ5_1 || type == DataType::kQ4_K ||
            type == DataType::kQ5_K) {
          rows[at + 2] = std::byte{0x00};
          rows[at + 3] = std::byte{0x3C};
        }
      }
      const std::vector<std::byte> panel = Pack(type, rows, 1, kCols);
      for (const float activation : {1.0F, -1.0F}) {
        for (std::size_t tokens = 1; tokens <= kMaxTokens; ++tokens) {
          const std::vector<float> x(tokens * kCols, activation);
          const Activations a = Quantize(scalar(), x, kCols);
          const Activations b = QuantizeForOurs(x, kCols);
          EXPECT_EQ(a.quants[0], activation * 127);
          std::vector<float> ours(tokens * kPanelRows);
          std::vector<float> reference(tokens * kPanelRows);
          kernels().packed_gemm(type, panel.data(), 1, kCols, b.rows(), tokens, ours.data(),
                                kPanelRows);
          scalar().packed_gemm(type, panel.data(), 1, kCols, a.rows(), tokens, reference.data(),
                               kPanelRows);
          ASSERT_TRUE(std::isfinite(reference[0]));
          ASSERT_EQ(ours, reference) << DataTypeName(type) << " bytes " << quants;
        }
      }
    }
  }
}

TEST_P(PackedGemmTest, MultipliesWhatTheFileMeans) {
  constexpr std::size_t kCols = 512;
  for (const DataType type : testing::PackedTypes()) {
    const std::vector<std::byte> rows = RandomRows(type, kPanelRows, kCols);
    const std::vector<std::byte> panel = Pack(type, rows, 1, kCols);
    const Activations a = Quantize(kernels(), Random(kCols), kCols);
    std::vector<float> out(kPanelRows);
    kernels().packed_gemm(type, panel.data(), 1, kCols, a.rows(), 1, out.data(), kPanelRows);
    std::vector<float> weights(kCols);
    for (std::size_t r = 0; r < kPanelRows; ++r) {
      Dequantize(type, rows.data() + r * RowBytes(type, kCols), kCols, weights.data());
      double sum = 0;
      double magnitude = 0;
      for (std::size_t c = 0; c < kCols; ++c) {
        const double product = static_cast<double>(weights[c]) * a.quants[c] *
                               static_cast<double>(a.blocks[c / kActivationBlock].scale);
        sum += product;
        magnitude += std::fabs(product);
      }
      // Per block at most two scales and a minimum, each with two roundings, and the chain of sums.
      // Types with a minimum add large terms that cancel: its own magnitude counts.
      for (std::size_t b = 0; b < kCols / kActivationBlock; ++b) {
        for (std::size_t i = 0; i < kActivationBlock; ++i) {
          magnitude += 2 * std::fabs(static_cast<double>(weights[b * kActivationBlock + i])) * 127 *
                       static_cast<double>(a.blocks[b].scale);
        }
      }
      EXPECT_NEAR(out[r], sum, magnitude * kEpsilon * 3 * kCols / kActivationBlock)
          << DataTypeName(type) << " row " << r;
    }
  }
}

FOVEA_KERNEL_TESTS(PackedGemmTest);

}  // namespace
}  // namespace fovea::kernels
