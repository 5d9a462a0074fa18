// Packed panels: sixteen rows of quantized blocks, interleaved so that one cache line holds the
// same four columns of all sixteen, which is what kernels with a row in every lane load. A panel
// has the same bytes as its rows in another order, and so the same size.
//
// Each field of the block type becomes one section, the sections follow one another in the order of
// PanelFields, and section f is [blocks][field bytes / unit][16 rows][unit bytes].
#ifndef FOVEA_TENSOR_PACKED_PANELS_H_
#define FOVEA_TENSOR_PACKED_PANELS_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/tensor/panel_field.h"
#include "fovea/data_type.h"

namespace fovea {

inline constexpr std::size_t kPanelRows = 16;

/// The sections of a type in their order; empty if it has no panel layout.
std::span<const PanelField> PanelFields(DataType type);

inline bool HasPackedPanels(DataType type) {
  return !PanelFields(type).empty();
}

/// Where section `field` begins in a panel of `blocks` blocks per row, in bytes.
std::size_t PanelSection(DataType type, std::size_t field, std::size_t blocks);

/// Rearranges `rows` <= 16 rows of row_bytes each into a panel; missing rows become zero bytes, and
/// so zero weights. panel: 16 * row_bytes; does not overlap the rows. The type has panels.
void PackPanel(DataType type, const std::byte* first_row, std::size_t row_bytes, std::size_t rows,
               std::byte* panel);

/// Block `block` of a panel's row as the file has it. out: BlockBytes(type).
void UnpackPanelBlock(DataType type, const std::byte* panel, std::size_t row_bytes, std::size_t row,
                      std::size_t block, std::byte* out);

/// All blocks of a row. out: row_bytes.
void UnpackPanelRow(DataType type, const std::byte* panel, std::size_t row_bytes, std::size_t row,
                    std::byte* out);

}  // namespace fovea

#endif  // FOVEA_TENSOR_PACKED_PANELS_H_
