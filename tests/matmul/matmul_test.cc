#include "engine/matmul/matmul.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "engine/matmul/plan.h"
#include "engine/matmul/read_row.h"
#include "engine/tensor/dequantize.h"
#include "engine/tensor/packed_panels.h"
#include "fovea/isa.h"
#include "platform/aligned_buffer.h"
#include "platform/thread_pool.h"
#include "tests/kernels/isa_test_name.h"
#include "tests/kernels/isas_to_test.h"
#include "tests/tensor/type_lists.h"

namespace fovea::matmul {
namespace {

constexpr double kEpsilon = std::numeric_limits<float>::epsilon();

/// A weight matrix of random blocks, with its decoded values.
struct Weights {
  Weights(DataType type, std::size_t rows, std::size_t cols, std::mt19937& random,
          std::size_t offset = 0)
      : bytes(offset + rows * RowBytes(type, cols)), values(rows * cols) {
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() & 255U);
    view = {type, bytes.data() + offset, rows, cols, RowBytes(type, cols)};
    MakeFinite();
    for (std::size_t r = 0; r < rows; ++r) Dequantize(type, view.Row(r), cols, &values[r * cols]);
  }
  Weights(const Weights&) = delete;
  Weights& operator=(const Weights&) = delete;

  /// Random bytes hold huge, infinite and NaN scales: clears bit 14 of every 16-bit word, the upper
  /// exponent bit of a half or bfloat16 (and, in words that are quants, of no matter).
  void MakeFinite() {
    const bool is_float = view.type == DataType::kF32;
    auto* first = const_cast<std::byte*>(view.data);
    const std::size_t end = view.rows * view.row_bytes;
    for (std::size_t i = is_float ? 3 : 1; i < end; i += is_float ? 4 : 2) {
      first[i] &= std::byte{0xBF};
    }
  }

  std::vector<std::byte> bytes;
  std::vector<float> values;  // [rows, cols]
  MatrixView view;
};

struct Kernels {
  Isa isa;
  Arithmetic arithmetic;
};

std::vector<Kernels> AllKernels() {
  std::vector<Kernels> all;
  for (const Isa isa : IsasToTest()) {
    all.push_back({isa, Arithmetic::kExact});
    all.push_back({isa, Arithmetic::kFast});
  }
  return all;
}

/// The matrix with its rows rearranged in panels as far as they go.
struct Packed {
  explicit Packed(const MatrixView& weight)
      : bytes(weight.data, weight.data + weight.rows * weight.row_bytes), view(weight) {
    view.data = bytes.data();
    if (!HasPackedPanels(weight.type)) return;
    view.panel_rows = weight.rows / kPanelRows * kPanelRows;
    for (std::size_t r = 0; r < view.panel_rows; r += kPanelRows) {
      PackPanel(weight.type, weight.Row(r), weight.row_bytes, kPanelRows,
                bytes.data() + r * weight.row_bytes);
    }
  }
  Packed(const Packed&) = delete;
  Packed& operator=(const Packed&) = delete;
  std::vector<std::byte> bytes;
  MatrixView view;
};

class MatmulTest : public ::testing::TestWithParam<Kernels> {
 protected:
  std::vector<float> Random(std::size_t n) {
    std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
    std::vector<float> values(n);
    for (float& value : values) value = uniform(random_);
    return values;
  }

  /// The products in bfloat16 that take the place of float ones; null if none do.
  static const kernels::Bf16Products* Bf16() {
    if (GetParam().arithmetic == Arithmetic::kExact) return nullptr;
    return kernels::KernelsFor(GetParam().isa)->bf16;
  }

  /// Runs Multiply with as much scratch as it asks for and no more.
  void Run(std::span<const Product> products, const std::vector<float>& x, std::size_t x_stride,
           std::size_t tokens, platform::Parallel& parallel) {
    const ScratchShape shape = {tokens, products[0].weight.cols, parallel.workers(),
                                Bf16() != nullptr};
    const std::size_t floats = ScratchFloats(shape);
    const auto scratch = platform::AlignedBuffer::Allocate(floats * sizeof(float));
    ASSERT_TRUE(scratch);
    const Context context = {.kernels = kernels::KernelsFor(GetParam().isa),
                             .parallel = &parallel,
                             .arithmetic = GetParam().arithmetic,
                             .unequal_cores = unequal_cores_,
                             .shape = shape,
                             .scratch = {scratch.As<float>(), floats}};
    Multiply(context, products, x.data(), x_stride, tokens);
  }

  std::vector<float> Product1(const MatrixView& weight, const float* bias,
                              const std::vector<float>& x, std::size_t tokens,
                              platform::Parallel& parallel) {
    std::vector<float> out(tokens * weight.rows);
    const Product product = {weight, bias, out.data(), weight.rows};
    Run({&product, 1}, x, weight.cols, tokens, parallel);
    return out;
  }

  /// What rounding x to 8 bits may change at row r: half a step of its block for every weight, and
  /// the float sums of quants that a minimum multiplies.
  static double RoundingOfActivations(const Weights& weights, std::size_t r, const float* x) {
    constexpr std::size_t kBlock = kernels::kActivationBlock;
    double bound = 0;
    for (std::size_t b = 0; b < weights.view.cols / kBlock; ++b) {
      double largest = 0;
      double sum = 0;
      for (std::size_t c = b * kBlock; c < (b + 1) * kBlock; ++c) {
        largest = std::max(largest, std::abs(static_cast<double>(x[c])));
        sum += std::abs(static_cast<double>(weights.values[r * weights.view.cols + c]));
      }
      bound += sum * largest / 127 * (0.5 + 127 * 8 * kEpsilon);
    }
    return bound;
  }

  std::mt19937 random_{7};
  bool unequal_cores_ = false;  ///< Of the context.
  platform::SerialParallel serial_;
};

// Weights decode exactly, so what remains is the error of a sum of cols products and of one
// addition.
TEST_P(MatmulTest, MultipliesWeightsOfEveryType) {
  constexpr std::size_t kRows = 19;
  constexpr std::size_t kCols = 512;
  for (const DataType type : testing::AllTypes()) {
    const Weights weights(type, kRows, kCols, random_);
    const std::vector<float> bias = Random(kRows);
    for (const std::size_t tokens : {std::size_t{0}, std::size_t{1}, std::size_t{9}}) {
      const std::vector<float> x = Random(tokens * kCols);
      const std::vector<float> out = Product1(weights.view, bias.data(), x, tokens, serial_);
      for (std::size_t t = 0; t < tokens; ++t) {
        for (std::size_t r = 0; r < kRows; ++r) {
          double expected = bias[r];
          double magnitude = std::abs(bias[r]);
          for (std::size_t c = 0; c < kCols; ++c) {
            const double product =
                static_cast<double>(weights.values[r * kCols + c]) * x[t * kCols + c];
            expected += product;
            magnitude += std::abs(product);
          }
          ASSERT_TRUE(std::isfinite(magnitude)) << DataTypeName(type);
          double bound = static_cast<double>(kCols + 2) * kEpsilon * magnitude;
          if (GetParam().arithmetic == Arithmetic::kFast && HasPackedPanels(type)) {
            bound += RoundingOfActivations(weights, r, &x[t * kCols]);
          }
          if (Bf16() != nullptr && Bf16()->takes(type)) bound += 0x1p-8 * magnitude;
          ASSERT_NEAR(out[t * kRows + r], expected, bound) << DataTypeName(type);
        }
      }
    }
  }
}

TEST_P(MatmulTest, IsBitEqualForAnyNumberOfWorkersAndAnySplitOfTokens) {
  constexpr std::size_t kTokens = 11;
  for (const DataType type :
       {DataType::kF32, DataType::kF16, DataType::kBF16, DataType::kQ8_0, DataType::kQ4_K}) {
    const Weights weights(type, 203, 768, random_);
    const std::vector<float> x = Random(kTokens * 768);
    const std::vector<float> bias = Random(203);
    const std::vector<float> expected = Product1(weights.view, bias.data(), x, kTokens, serial_);
    for (const std::size_t workers : {std::size_t{2}, std::size_t{3}, std::size_t{7}}) {
      const auto pool = platform::ThreadPool::Create(workers);
      ASSERT_NE(pool, nullptr);
      for (int repeat = 0; repeat < 6; ++repeat) {
        unequal_cores_ = repeat % 2 == 1;
        ASSERT_EQ(Product1(weights.view, bias.data(), x, kTokens, *pool), expected) << workers;
      }
    }
    for (std::size_t t = 0; t < kTokens; ++t) {
      const std::vector<float> one(x.begin() + static_cast<std::ptrdiff_t>(t * 768),
                                   x.begin() + static_cast<std::ptrdiff_t>((t + 1) * 768));
      const std::vector<float> row = Product1(weights.view, bias.data(), one, 1, serial_);
      ASSERT_EQ(row,
                std::vector<float>(expected.begin() + static_cast<std::ptrdiff_t>(t * 203),
                                   expected.begin() + static_cast<std::ptrdiff_t>((t + 1) * 203)));
    }
  }
}

TEST_P(MatmulTest, GivesTheSameBitsForPackedWeights) {
  for (const DataType type : testing::AllTypes()) {
    for (const std::size_t rows : {std::size_t{5}, std::size_t{16}, std::size_t{75}}) {
      const Weights weights(type, rows, 256, random_);
      const Packed packed(weights.view);
      const auto pool = platform::ThreadPool::Create(2);
      ASSERT_NE(pool, nullptr);
      for (const std::size_t tokens : {std::size_t{1}, std::size_t{7}, std::size_t{130}}) {
        const std::vector<float> x = Random(tokens * 256);
        ASSERT_EQ(Product1(packed.view, nullptr, x, tokens, *pool),
                  Product1(weights.view, nullptr, x, tokens, serial_))
            << DataTypeName(type) << ", " << rows << " rows, " << tokens << " tokens";
      }
    }
  }
}

TEST_P(MatmulTest, ReadsRowsOfPackedWeights) {
  for (const DataType type : testing::AllTypes()) {
    const Weights weights(type, 37, 256, random_);
    const Packed packed(weights.view);
    std::vector<std::byte> unpacked(weights.view.row_bytes);
    std::vector<float> row(256);
    for (std::size_t r = 0; r < 37; ++r) {
      ReadRow(*kernels::KernelsFor(GetParam().isa), packed.view, r, unpacked.data(), row.data());
      ASSERT_EQ(row, std::vector<float>(&weights.values[r * 256], &weights.values[r * 256] + 256))
          << DataTypeName(type) << " row " << r;
    }
  }
}

TEST_P(MatmulTest, RunsSeveralProductsOfDifferentTypesInOneStep) {
  const Weights a(DataType::kQ8_0, 64, 256, random_);
  const Weights b(DataType::kF32, 1, 256, random_);
  const Weights c(DataType::kQ6_K, 150, 256, random_);
  const std::vector<float> x = Random(5 * 256);
  const std::vector<float> bias = Random(150);
  const auto pool = platform::ThreadPool::Create(2);
  ASSERT_NE(pool, nullptr);
  // One buffer for all, as a fused projection would have it: strides must be kept.
  constexpr std::size_t kStride = 64 + 1 + 150 + 3;
  std::vector<float> out(5 * kStride, -7.0F);
  const std::vector<Product> products = {{a.view, nullptr, out.data(), kStride},
                                         {b.view, nullptr, out.data() + 64, kStride},
                                         {c.view, bias.data(), out.data() + 65, kStride}};
  Run(products, x, 256, 5, *pool);
  const std::vector<float> out_a = Product1(a.view, nullptr, x, 5, serial_);
  const std::vector<float> out_b = Product1(b.view, nullptr, x, 5, serial_);
  const std::vector<float> out_c = Product1(c.view, bias.data(), x, 5, serial_);
  for (std::size_t t = 0; t < 5; ++t) {
    for (std::size_t r = 0; r < 64; ++r) ASSERT_EQ(out[t * kStride + r], out_a[t * 64 + r]);
    ASSERT_EQ(out[t * kStride + 64], out_b[t]);
    for (std::size_t r = 0; r < 150; ++r) ASSERT_EQ(out[t * kStride + 65 + r], out_c[t * 150 + r]);
    for (std::size_t r = 215; r < kStride; ++r) ASSERT_EQ(out[t * kStride + r], -7.0F);
  }
}

// Activations in 8 bits and in bfloat16, side by side.
TEST_P(MatmulTest, RoundsActivationsInTwoWaysInOneStep) {
  const Weights a(DataType::kQ8_0, 64, 256, random_);
  const Weights b(DataType::kBF16, 70, 256, random_);
  constexpr std::size_t kTokens = 19;
  const std::vector<float> x = Random(kTokens * 256);
  std::vector<float> out_a(kTokens * 64);
  std::vector<float> out_b(kTokens * 70);
  const std::vector<Product> products = {{a.view, nullptr, out_a.data(), 64},
                                         {b.view, nullptr, out_b.data(), 70}};
  Run(products, x, 256, kTokens, serial_);
  EXPECT_EQ(out_a, Product1(a.view, nullptr, x, kTokens, serial_));
  EXPECT_EQ(out_b, Product1(b.view, nullptr, x, kTokens, serial_));
}

TEST_P(MatmulTest, KeepsToTheStrideOfItsInput) {
  const Weights weights(DataType::kQ4_0, 12, 96, random_);
  const std::vector<float> tight = Random(4 * 96);
  std::vector<float> wide(4 * 100, std::numeric_limits<float>::quiet_NaN());
  for (std::size_t t = 0; t < 4; ++t) {
    for (std::size_t c = 0; c < 96; ++c) wide[t * 100 + c] = tight[t * 96 + c];
  }
  std::vector<float> out(4 * 12);
  const Product product = {weights.view, nullptr, out.data(), 12};
  Run({&product, 1}, wide, 100, 4, serial_);
  EXPECT_EQ(out, Product1(weights.view, nullptr, tight, 4, serial_));
}

TEST_P(MatmulTest, TakesFloatWeightsFromAnyAddress) {
  std::mt19937 first(3);
  const Weights aligned(DataType::kF32, 9, 40, first);
  for (std::size_t offset = 1; offset < 4; ++offset) {
    std::mt19937 again(3);
    Weights shifted(DataType::kF32, 9, 40, again, offset);
    std::copy(aligned.bytes.begin(), aligned.bytes.end(),
              shifted.bytes.begin() + static_cast<std::ptrdiff_t>(offset));
    const std::vector<float> x = Random(3 * 40);
    EXPECT_EQ(Product1(shifted.view, nullptr, x, 3, serial_),
              Product1(aligned.view, nullptr, x, 3, serial_));
  }
}

TEST_P(MatmulTest, MultipliesRowsWiderThanAPanel) {
  constexpr std::size_t kCols = 32 * 3000;
  const Weights weights(DataType::kQ8_0, 10, kCols, random_);
  const std::vector<float> x = Random(2 * kCols);
  const auto pool = platform::ThreadPool::Create(2);
  ASSERT_NE(pool, nullptr);
  EXPECT_EQ(Product1(weights.view, nullptr, x, 2, *pool),
            Product1(weights.view, nullptr, x, 2, serial_));
}

TEST_P(MatmulTest, AcceptsAMatrixWithoutRows) {
  const Weights none(DataType::kQ8_0, 0, 64, random_);
  const Weights some(DataType::kQ8_0, 5, 64, random_);
  const std::vector<float> x = Random(64);
  std::vector<float> out(5);
  const std::vector<Product> products = {{none.view, nullptr, nullptr, 0},
                                         {some.view, nullptr, out.data(), 5}};
  Run(products, x, 64, 1, serial_);
  EXPECT_EQ(out, Product1(some.view, nullptr, x, 1, serial_));
}

TEST(ScratchFloats, HoldsAPanelForEachWorkerAndTheRoundedActivations) {
  for (const std::size_t cols : {std::size_t{32}, std::size_t{768}, std::size_t{1'000'000}}) {
    const std::size_t one = ScratchFloats({1, cols, 1});
    EXPECT_EQ(ScratchFloats({1, cols, 4}), one + 3 * PanelFloats(cols));
    EXPECT_GE(ScratchFloats({64, cols, 1}), one + 63 * cols / sizeof(float));
    EXPECT_EQ(one % 16, 0U);
  }
  EXPECT_GE(ScratchFloats({64, 768, 1, true}), ScratchFloats({64, 768, 1}) + 64 * 768 / 2);
  EXPECT_EQ(ScratchFloats({SIZE_MAX / 2, 768, 1}), SIZE_MAX);
}

INSTANTIATE_TEST_SUITE_P(Isas, MatmulTest, ::testing::ValuesIn(AllKernels()),
                         [](const auto& param_info) {
                           return IsaTestName(param_info.param.isa) +
                                  (param_info.param.arithmetic == Arithmetic::kFast ? "_fast"
                                                                                    : "_exact");
                         });

}  // namespace
}  // namespace fovea::matmul
