#include "engine/tensor/packed_panels.h"

#include <cstring>

#include "engine/tensor/blocks.h"

namespace fovea {
namespace {

// The small sections first: a stream of quants that is fetched ahead runs into them before their
// quants are needed.
constexpr PanelField kQ8_0[] = {
    PanelField{offsetof(BlockQ8_0, scale), 2, 2},
    PanelField{offsetof(BlockQ8_0, quants), kSmallBlock, 4, kPanelQuantFlip},
};
constexpr PanelField kQ4_0[] = {
    PanelField{offsetof(BlockQ4_0, scale), 2, 2},
    PanelField{offsetof(BlockQ4_0, nibbles), kSmallBlock / 2, 4},
};
constexpr PanelField kIQ4_NL[] = {
    PanelField{offsetof(BlockIQ4_NL, scale), 2, 2},
    PanelField{offsetof(BlockIQ4_NL, nibbles), kSmallBlock / 2, 4},
};
constexpr PanelField kQ4_1[] = {
    PanelField{offsetof(BlockQ4_1, scale), 2, 2},
    PanelField{offsetof(BlockQ4_1, minimum), 2, 2},
    PanelField{offsetof(BlockQ4_1, nibbles), kSmallBlock / 2, 4},
};
constexpr PanelField kQ5_0[] = {
    PanelField{offsetof(BlockQ5_0, scale), 2, 2},
    PanelField{offsetof(BlockQ5_0, high_bits), 4, 4},
    PanelField{offsetof(BlockQ5_0, nibbles), kSmallBlock / 2, 4},
};
constexpr PanelField kQ5_1[] = {
    PanelField{offsetof(BlockQ5_1, scale), 2, 2},
    PanelField{offsetof(BlockQ5_1, minimum), 2, 2},
    PanelField{offsetof(BlockQ5_1, high_bits), 4, 4},
    PanelField{offsetof(BlockQ5_1, nibbles), kSmallBlock / 2, 4},
};
constexpr PanelField kQ4_K[] = {
    PanelField{offsetof(BlockQ4_K, scale), 2, 2},
    PanelField{offsetof(BlockQ4_K, min_scale), 2, 2},
    PanelField{offsetof(BlockQ4_K, scales), 12, 1},
    PanelField{offsetof(BlockQ4_K, nibbles), kSuperBlock / 2, 4},
};
constexpr PanelField kQ5_K[] = {
    PanelField{offsetof(BlockQ5_K, scale), 2, 2},
    PanelField{offsetof(BlockQ5_K, min_scale), 2, 2},
    PanelField{offsetof(BlockQ5_K, scales), 12, 1},
    PanelField{offsetof(BlockQ5_K, high_bits), kSuperBlock / 8, 4},
    PanelField{offsetof(BlockQ5_K, nibbles), kSuperBlock / 2, 4},
};
constexpr PanelField kQ6_K[] = {
    PanelField{offsetof(BlockQ6_K, scale), 2, 2},
    PanelField{offsetof(BlockQ6_K, scales), kSuperBlock / 16, 1},
    PanelField{offsetof(BlockQ6_K, high_bits), kSuperBlock / 4, 4},
    PanelField{offsetof(BlockQ6_K, nibbles), kSuperBlock / 2, 4},
};

/// `flip` in every byte of a unit.
template <typename Unit>
void CopyUnitsOf(const std::byte* from, std::size_t from_step, std::byte* to, std::size_t to_step,
                 std::size_t units, std::uint8_t flip) {
  const auto flips = static_cast<Unit>(0x01010101U * flip);
  for (std::size_t i = 0; i < units; ++i) {
    Unit unit = 0;
    std::memcpy(&unit, from + i * from_step, sizeof(unit));
    unit = static_cast<Unit>(unit ^ flips);
    std::memcpy(to + i * to_step, &unit, sizeof(unit));
  }
}

void CopyUnits(std::size_t unit, const std::byte* from, std::size_t from_step, std::byte* to,
               std::size_t to_step, std::size_t units, std::uint8_t flip) {
  switch (unit) {
    case 1: return CopyUnitsOf<std::uint8_t>(from, from_step, to, to_step, units, flip);
    case 2: return CopyUnitsOf<std::uint16_t>(from, from_step, to, to_step, units, flip);
    default: return CopyUnitsOf<std::uint32_t>(from, from_step, to, to_step, units, flip);
  }
}

/// All sixteen rows of a field, block after block: a run of each row at a time, so that it is read
/// in order.
template <typename Unit>
void PackSection(const PanelField& field, const std::byte* first_row, std::size_t row_bytes,
                 std::size_t block_bytes, std::size_t blocks, std::byte* section) {
  const auto flips = static_cast<Unit>(0x01010101U * field.flip);
  for (std::size_t b = 0; b < blocks; ++b) {
    for (std::size_t r = 0; r < kPanelRows; ++r) {
      const std::byte* from = first_row + r * row_bytes + b * block_bytes + field.offset;
      std::byte* to = section + r * sizeof(Unit);
      for (std::size_t i = 0; i < field.bytes; i += sizeof(Unit)) {
        Unit unit = 0;
        std::memcpy(&unit, from + i, sizeof(unit));
        unit = static_cast<Unit>(unit ^ flips);
        std::memcpy(to + i * kPanelRows, &unit, sizeof(unit));
      }
    }
    section += kPanelRows * field.bytes;
  }
}

/// Four units of four bytes.
using Quad = std::uint32_t __attribute__((vector_size(16)));

/// The same for fields of whole quads: a quad of each of four rows at a time becomes four quads of
/// one unit of each row.
void PackQuads(const PanelField& field, const std::byte* first_row, std::size_t row_bytes,
               std::size_t block_bytes, std::size_t blocks, std::byte* section) {
  constexpr std::size_t kLine = kPanelRows * sizeof(std::uint32_t);
  const std::uint32_t flip = 0x01010101U * field.flip;
  const Quad flips = {flip, flip, flip, flip};
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::byte* block = first_row + b * block_bytes + field.offset;
    for (std::size_t i = 0; i < field.bytes; i += sizeof(Quad), section += 4 * kLine) {
      for (std::size_t r = 0; r < kPanelRows; r += 4) {
        Quad row[4];
        for (std::size_t k = 0; k < 4; ++k) {
          std::memcpy(&row[k], block + (r + k) * row_bytes + i, sizeof(Quad));
          row[k] ^= flips;
        }
        const Quad low01 = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5);
        const Quad high01 = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
        const Quad low23 = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
        const Quad high23 = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
        const Quad unit[4] = {__builtin_shufflevector(low01, low23, 0, 1, 4, 5),
                              __builtin_shufflevector(low01, low23, 2, 3, 6, 7),
                              __builtin_shufflevector(high01, high23, 0, 1, 4, 5),
                              __builtin_shufflevector(high01, high23, 2, 3, 6, 7)};
        for (std::size_t k = 0; k < 4; ++k) {
          std::memcpy(section + k * kLine + r * sizeof(std::uint32_t), &unit[k], sizeof(Quad));
        }
      }
    }
  }
}

}  // namespace

std::span<const PanelField> PanelFields(DataType type) {
  switch (type) {
    case DataType::kQ8_0: return kQ8_0;
    case DataType::kQ4_0: return kQ4_0;
    case DataType::kIQ4_NL: return kIQ4_NL;
    case DataType::kQ4_1: return kQ4_1;
    case DataType::kQ5_0: return kQ5_0;
    case DataType::kQ5_1: return kQ5_1;
    case DataType::kQ4_K: return kQ4_K;
    case DataType::kQ5_K: return kQ5_K;
    case DataType::kQ6_K: return kQ6_K;
    default: return {};
  }
}

std::size_t PanelSection(DataType type, std::size_t field, std::size_t blocks) {
  const std::span<const PanelField> fields = PanelFields(type);
  std::size_t begin = 0;
  for (std::size_t f = 0; f < field; ++f) begin += fields[f].bytes * blocks * kPanelRows;
  return begin;
}

void PackPanel(DataType type, const std::byte* first_row, std::size_t row_bytes, std::size_t rows,
               std::byte* panel) {
  const std::size_t block_bytes = BlockBytes(type);
  const std::size_t blocks = row_bytes / block_bytes;
  if (rows < kPanelRows) {
    std::memset(panel, 0, kPanelRows * row_bytes);
    for (const PanelField& field : PanelFields(type)) {
      for (std::size_t b = 0; b < blocks; ++b) {
        for (std::size_t i = 0; i < field.bytes;
             i += field.unit, panel += kPanelRows * field.unit) {
          CopyUnits(field.unit, first_row + b * block_bytes + field.offset + i, row_bytes, panel,
                    field.unit, rows, field.flip);
        }
      }
    }
    return;
  }
  for (const PanelField& field : PanelFields(type)) {
    switch (field.unit) {
      case 1:
        PackSection<std::uint8_t>(field, first_row, row_bytes, block_bytes, blocks, panel);
        break;
      case 2:
        PackSection<std::uint16_t>(field, first_row, row_bytes, block_bytes, blocks, panel);
        break;
      default:
        if (field.bytes % sizeof(Quad) == 0) {
          PackQuads(field, first_row, row_bytes, block_bytes, blocks, panel);
        } else {
          PackSection<std::uint32_t>(field, first_row, row_bytes, block_bytes, blocks, panel);
        }
        break;
    }
    panel += kPanelRows * field.bytes * blocks;
  }
}

void UnpackPanelBlock(DataType type, const std::byte* panel, std::size_t row_bytes, std::size_t row,
                      std::size_t block, std::byte* out) {
  const std::size_t blocks = row_bytes / BlockBytes(type);
  for (const PanelField& field : PanelFields(type)) {
    CopyUnits(field.unit, panel + block * field.bytes * kPanelRows + row * field.unit,
              kPanelRows * field.unit, out + field.offset, field.unit, field.bytes / field.unit,
              field.flip);
    panel += blocks * field.bytes * kPanelRows;
  }
}

void UnpackPanelRow(DataType type, const std::byte* panel, std::size_t row_bytes, std::size_t row,
                    std::byte* out) {
  const std::size_t block_bytes = BlockBytes(type);
  for (std::size_t b = 0; b * block_bytes < row_bytes; ++b) {
    UnpackPanelBlock(type, panel, row_bytes, row, b, out + b * block_bytes);
  }
}

}  // namespace fovea
