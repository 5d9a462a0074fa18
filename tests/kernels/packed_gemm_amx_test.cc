// The AMX products on an emulated tile unit against the scalar reference, to the bit: packing,
// edges and the order of sums, on any machine with AVX-512.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "engine/kernels/dispatch/kernel_table.h"
#include "engine/kernels/quantize/quantize_rows.h"
#include "engine/tensor/dequantize.h"
#include "engine/tensor/packed_panels.h"
#include "platform/cpu_features.h"
#include "tests/kernels/emulated_kernels.h"
#include "tests/kernels/kernel_test.h"
#include "tests/tensor/type_lists.h"

namespace fovea::kernels {
namespace {

#if FOVEA_KERNELS_AMX

class PackedGemmAmxTest : public ::testing::TestWithParam<DataType> {
 protected:
  void SetUp() override {
    if (!platform::DetectCpuFeatures().avx512) GTEST_SKIP() << "this CPU lacks AVX-512";
  }

  std::vector<std::byte> RandomPanels(std::size_t count, std::size_t cols) {
    const std::size_t row_bytes = RowBytes(GetParam(), cols);
    std::vector<std::byte> rows(count * kPanelRows * row_bytes);
    for (std::byte& byte : rows) byte = static_cast<std::byte>(random_() & 255U);
    // Bit 14 of every 16-bit word: no half among them is huge or not finite.
    for (std::size_t i = 1; i < rows.size(); i += 2) rows[i] &= std::byte{0xBF};
    std::vector<std::byte> panels(rows.size());
    for (std::size_t s = 0; s < count; ++s) {
      const std::size_t at = s * kPanelRows * row_bytes;
      PackPanel(GetParam(), rows.data() + at, row_bytes, kPanelRows, panels.data() + at);
    }
    return panels;
  }

  void ExpectTheReferencesBits(std::size_t count, std::size_t cols, std::size_t tokens) {
    const std::vector<std::byte> panels = RandomPanels(count, cols);
    std::uniform_real_distribution<float> uniform(-2.0F, 2.0F);
    std::vector<float> x(tokens * cols);
    for (float& value : x) value = uniform(random_);
    std::vector<std::int8_t> quants(x.size());
    std::vector<ActivationBlock> blocks(x.size() / kActivationBlock);
    const KernelTable& scalar = *KernelsFor(Isa::kScalar);
    QuantizeRows(scalar, x.data(), cols, tokens, cols, quants.data(), blocks.data());
    const QuantizedRows rows = {quants.data(), blocks.data()};
    const std::size_t stride = count * kPanelRows + 3;
    std::vector<float> reference(tokens * stride, 0.5F);
    scalar.packed_gemm(GetParam(), panels.data(), count, cols, rows, tokens, reference.data(),
                       stride);
    FencedFloats out(std::vector<float>(tokens * stride, 0.5F), tokens % 16);
    EmulatedTiles tiles;
    N_AVX3::PackedGemmEmulated(tiles, GetParam(), panels.data(), count, cols, rows, tokens,
                               out.data(), stride);
    EXPECT_FALSE(tiles.faulted());
    EXPECT_FALSE(tiles.configured());
    EXPECT_TRUE(out.FencesStand());
    for (std::size_t i = 0; i < reference.size(); ++i) {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(out[i]), std::bit_cast<std::uint32_t>(reference[i]))
          << count << " panels, cols " << cols << ", tokens " << tokens << ", at " << i / stride
          << ", " << i % stride << ": " << out[i] << " for " << reference[i];
    }
  }

  std::mt19937 random_{11};
};

TEST_P(PackedGemmAmxTest, EqualsTheReferenceForEveryRemainderOfTokens) {
  const std::size_t cols = BlockElements(GetParam()) == 256 ? 256 : 96;
  for (std::size_t tokens = 16; tokens <= 33; ++tokens) ExpectTheReferencesBits(1, cols, tokens);
}

TEST_P(PackedGemmAmxTest, EqualsTheReferenceForEveryNumberOfBlocksAndPanels) {
  const std::size_t block = std::max(BlockElements(GetParam()), kActivationBlock);
  for (std::size_t blocks = 1; blocks <= 19; ++blocks) {
    ExpectTheReferencesBits(1 + blocks % 6, blocks * block, 16 + blocks % 5);
  }
}

INSTANTIATE_TEST_SUITE_P(Types, PackedGemmAmxTest,
                         ::testing::ValuesIn(fovea::testing::PackedTypes()),
                         [](const auto& param_info) {
                           return std::string(DataTypeName(param_info.param));
                         });

#endif  // FOVEA_KERNELS_AMX

}  // namespace
}  // namespace fovea::kernels
