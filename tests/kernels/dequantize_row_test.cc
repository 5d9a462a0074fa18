#include <bit>
#include <cstdint>
#include <cstring>

#include "engine/tensor/dequantize.h"
#include "tests/kernels/kernel_test.h"
#include "tests/tensor/type_lists.h"

namespace fovea::kernels {
namespace {

class DequantizeRowTest : public KernelTest {
 protected:
  /// Bytes without structure: every scale, NaN and infinity included, comes up.
  std::vector<std::byte> RandomBytes(std::size_t n) {
    std::vector<std::byte> bytes(n);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random_() & 255U);
    return bytes;
  }

  void ExpectBitEqual(DataType type, const void* blocks, std::size_t elements) {
    std::vector<float> expected(elements);
    Dequantize(type, blocks, elements, expected.data());
    FencedFloats out(elements, elements % 4);
    kernels().dequantize(type, blocks, elements, out.data());
    EXPECT_TRUE(out.FencesStand());
    for (std::size_t i = 0; i < elements; ++i) {
      // Which NaN comes out of arithmetic with NaN is the processor's choice.
      if (std::isnan(expected[i]) && std::isnan(out[i])) continue;
      ASSERT_EQ(std::bit_cast<std::uint32_t>(out[i]), std::bit_cast<std::uint32_t>(expected[i]))
          << DataTypeName(type) << " element " << i << " of " << elements << ": " << out[i]
          << " for " << expected[i];
    }
  }
};

TEST_P(DequantizeRowTest, IsBitEqualToTheReferenceForRandomBytesAtAnyAddress) {
  for (const DataType type : testing::AllTypes()) {
    for (std::size_t blocks : {0UL, 1UL, 2UL, 3UL, 7UL, 15UL, 16UL, 17UL, 33UL, 300UL}) {
      const std::vector<std::byte> bytes = RandomBytes(blocks * BlockBytes(type) + 3);
      for (std::size_t offset = 0; offset < 4; ++offset) {
        ExpectBitEqual(type, bytes.data() + offset, blocks * BlockElements(type));
      }
    }
  }
}

// Random bytes rarely meet a given pair of scale and quant; here every half scale meets every
// quant.
TEST_P(DequantizeRowTest, IsBitEqualForEveryScale) {
  for (const DataType type : {DataType::kQ8_0, DataType::kQ4_0, DataType::kQ4_K}) {
    std::vector<std::byte> block = RandomBytes(BlockBytes(type));
    for (std::uint32_t bits = 0; bits < (1U << 16); bits += 7) {
      const auto scale = static_cast<std::uint16_t>(bits);
      std::memcpy(block.data(), &scale, sizeof(scale));
      ExpectBitEqual(type, block.data(), BlockElements(type));
    }
  }
}

TEST_P(DequantizeRowTest, IsBitEqualForEveryFloatOf16Bits) {
  std::vector<std::uint16_t> all(1 << 16);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  ExpectBitEqual(DataType::kF16, all.data(), all.size());
  ExpectBitEqual(DataType::kBF16, all.data(), all.size());
}

FOVEA_KERNEL_TESTS(DequantizeRowTest);

}  // namespace
}  // namespace fovea::kernels
