#include "tools/attention-dump/page/block_map.h"

#include <gtest/gtest.h>

#include "tests/page_data/page_decoder.h"

namespace fovea::dump {
namespace {

using Codes = std::vector<std::uint8_t>;

TEST(WeightCodeTest, KnownValues) {
  EXPECT_EQ(WeightCode(1.0F), 255);
  EXPECT_EQ(WeightCode(2.0F), 255);
  EXPECT_EQ(WeightCode(1e-6F), 1);
  EXPECT_EQ(WeightCode(1e-3F), 128);
  EXPECT_EQ(WeightCode(1e-9F), 0);
  EXPECT_EQ(WeightCode(0.0F), 0);
}

TEST(WeightCodeTest, ErrsByHalfAStep) {
  for (float weight = 1e-6F; weight < 1.0F; weight *= 1.01F) {
    const double decoded = WeightOfCode(static_cast<char>(WeightCode(weight)));
    EXPECT_NEAR(decoded / static_cast<double>(weight), 1.0, 0.0276);
  }
}

TEST(BlockMapTest, MeansCountVisibleCellsOnly) {
  BlockMap map(/*causal=*/true, 2, /*with_means=*/true);
  const float rows[3][3] = {{1.0F, 0, 0}, {0.1F, 0.9F, 0}, {0, 0.01F, 0.99F}};
  map.AddRow(rows[0], 0, 1);
  map.AddRow(rows[1], 0, 2);
  map.AddRow(rows[2], 1, 3);  // a window of 2
  map.Finish();
  EXPECT_EQ(map.side(), 2U);
  const std::string largest = map.LargestCodes();
  const std::string means = map.MeanCodes();
  ASSERT_EQ(largest.size(), 3U);  // (0, 0), (1, 0), (1, 1)
  EXPECT_EQ(largest[0], static_cast<char>(WeightCode(1.0F)));
  EXPECT_EQ(means[0], static_cast<char>(WeightCode(2.0F / 3.0F)));
  EXPECT_EQ(largest[1], static_cast<char>(WeightCode(0.01F)));
  EXPECT_EQ(means[1], static_cast<char>(WeightCode(0.01F)));  // of one visible cell
  EXPECT_EQ(means[2], static_cast<char>(WeightCode(0.99F)));
}

TEST(BlockMapTest, BlocksGrowWithTheText) {
  for (const std::size_t tokens : {1U, 3U, 7U, 8U, 9U, 16U, 33U}) {
    BlockMap map(/*causal=*/true, 1, /*with_means=*/false, 8);
    for (std::size_t q = 0; q < tokens; ++q) {
      std::vector<float> row(q + 1, 0.001F);
      row[q] = 1.0F;
      map.AddRow(row.data(), 0, q + 1);
    }
    map.Finish();
    EXPECT_LE(map.side(), 8U) << tokens;
    EXPECT_EQ(map.side(), (tokens + map.block() - 1) / map.block()) << tokens;
    std::size_t side = 0;
    const Codes square = map.Square(8, &side);
    ASSERT_EQ(square.size(), side * side);
    for (std::size_t q = 0; q < side; ++q) {
      for (std::size_t k = 0; k < side; ++k) {
        EXPECT_EQ(square[q * side + k], q == k ? 255 : k < q ? WeightCode(0.001F) : 0);
      }
    }
  }
}

TEST(BlockMapTest, WithoutAMaskEveryBlockIsThere) {
  BlockMap map(/*causal=*/false, 2, /*with_means=*/true);
  const std::vector<float> row = {0.25F, 0.5F, 0.25F};
  for (int q = 0; q < 3; ++q) map.AddRow(row.data(), 0, 3);
  map.Finish();
  EXPECT_EQ(
      map.LargestCodes(),
      std::string({static_cast<char>(WeightCode(0.5F)), static_cast<char>(WeightCode(0.25F)),
                   static_cast<char>(WeightCode(0.5F)), static_cast<char>(WeightCode(0.25F))}));
  EXPECT_EQ(map.MeanCodes()[2], static_cast<char>(WeightCode(0.375F)));
}

}  // namespace
}  // namespace fovea::dump
