#include "engine/tensor/packed_panels.h"

#include <cstring>

#include "engine/tensor/weight_types.h"

namespace fovea {
namespace {

/// Copies units that are so many bytes apart; every byte is xored with `flip`.
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

/// One field of all blocks of sixteen rows. The field of one row is copied whole before the next
/// row's, so that memory is read in order.
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

/// As PackSection, for fields that are a multiple of four units of four bytes: transposes four
/// units of each of four rows at a time.
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
#define FOVEA_CASE(name) \
  case DataType::k##name: return kPanelFields##name;
    FOVEA_EACH_PACKED_TYPE(FOVEA_CASE)
#undef FOVEA_CASE
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
