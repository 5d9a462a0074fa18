#include "engine/tensor/packed_panels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <set>
#include <vector>

#include "engine/tensor/blocks.h"
#include "engine/tensor/dequantize.h"
#include "engine/tensor/matrix_view.h"

namespace fovea {
namespace {

constexpr DataType kTypes[] = {
    DataType::kQ8_0, DataType::kQ4_0, DataType::kIQ4_NL, DataType::kQ4_1, DataType::kQ5_0,
    DataType::kQ5_1, DataType::kQ4_K, DataType::kQ5_K,   DataType::kQ6_K, DataType::kIQ4_XS,
};

std::vector<std::byte> RandomBytes(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::byte> bytes(n);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() & 255U);
  return bytes;
}

TEST(Panels, ExistForTheTypesThatIntegerProductsKnow) {
  for (const DataType type : kTypes) EXPECT_TRUE(HasPackedPanels(type)) << DataTypeName(type);
  for (const DataType type :
       {DataType::kF32, DataType::kF16, DataType::kBF16, DataType::kQ2_K, DataType::kQ3_K}) {
    EXPECT_FALSE(HasPackedPanels(type)) << DataTypeName(type);
  }
}

TEST(Panels, FieldsCoverEveryByteOfABlockOnce) {
  for (const DataType type : kTypes) {
    std::set<std::size_t> covered;
    for (const PanelField& field : PanelFields(type)) {
      EXPECT_EQ(field.bytes % field.unit, 0U);
      for (std::size_t i = 0; i < field.bytes; ++i) {
        EXPECT_TRUE(covered.insert(field.offset + i).second) << DataTypeName(type);
      }
    }
    EXPECT_EQ(covered.size(), BlockBytes(type)) << DataTypeName(type);
    EXPECT_EQ(*covered.rbegin() + 1, BlockBytes(type)) << DataTypeName(type);
  }
}

TEST(Panels, GiveBackEveryRow) {
  for (const DataType type : kTypes) {
    for (const std::size_t cols : {std::size_t{256}, std::size_t{768}}) {
      for (const std::size_t rows : {std::size_t{1}, std::size_t{15}, kPanelRows}) {
        const std::size_t row_bytes = RowBytes(type, cols);
        const std::vector<std::byte> weights = RandomBytes(rows * row_bytes, 3);
        std::vector<std::byte> panel(kPanelRows * row_bytes, std::byte{0xAA});
        PackPanel(type, weights.data(), row_bytes, rows, panel.data());
        std::vector<std::byte> row(row_bytes);
        for (std::size_t r = 0; r < rows; ++r) {
          UnpackPanelRow(type, panel.data(), row_bytes, r, row.data());
          EXPECT_EQ(std::memcmp(row.data(), weights.data() + r * row_bytes, row_bytes), 0)
              << DataTypeName(type) << " row " << r << " of " << rows;
        }
      }
    }
  }
}

TEST(Panels, MissingRowsAreZero) {
  for (const DataType type : kTypes) {
    const std::size_t row_bytes = RowBytes(type, 256);
    const std::vector<std::byte> weights = RandomBytes(row_bytes, 4);
    std::vector<std::byte> panel(kPanelRows * row_bytes, std::byte{0xAA});
    PackPanel(type, weights.data(), row_bytes, 1, panel.data());
    std::vector<std::byte> row(row_bytes);
    std::vector<float> values(256, 1.0F);
    UnpackPanelRow(type, panel.data(), row_bytes, 15, row.data());
    Dequantize(type, row.data(), 256, values.data());
    EXPECT_TRUE(std::all_of(values.begin(), values.end(), [](float v) { return v == 0.0F; }))
        << DataTypeName(type);
  }
}

TEST(Panels, KeepFourColumnsOfAllRowsOnOneLine) {
  std::vector<BlockQ8_0> rows(kPanelRows);
  for (std::size_t r = 0; r < kPanelRows; ++r) {
    for (std::size_t i = 0; i < kSmallBlock; ++i) {
      rows[r].quants[i] = static_cast<std::int8_t>(r * 8 + i / 4);
    }
  }
  std::vector<std::byte> panel(kPanelRows * sizeof(BlockQ8_0));
  PackPanel(DataType::kQ8_0, reinterpret_cast<const std::byte*>(rows.data()), sizeof(BlockQ8_0),
            kPanelRows, panel.data());
  for (std::size_t line = 0; line < 8; ++line) {
    for (std::size_t r = 0; r < kPanelRows; ++r) {
      for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(panel[2 * kPanelRows + line * 64 + r * 4 + i],
                  static_cast<std::byte>((r * 8 + line) ^ kPanelQuantFlip));
      }
    }
  }
}

TEST(MatrixView, SlicesKeepTheirShareOfThePanels) {
  const std::vector<std::byte> memory(100 * 34);
  const MatrixView all = {DataType::kQ8_0, memory.data(), 100, 32, 34, 96};
  EXPECT_EQ(all.Slice(0, 32).panel_rows, 32U);
  EXPECT_EQ(all.Slice(64, 36).panel_rows, 32U);
  EXPECT_EQ(all.Slice(96, 4).panel_rows, 0U);
  EXPECT_EQ(all.Slice(0, 100).panel_rows, 96U);
}

}  // namespace
}  // namespace fovea
