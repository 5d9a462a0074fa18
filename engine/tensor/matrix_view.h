// A weight matrix as it lies in the file: rows of quantized blocks. Non-owning.
#ifndef FOVEA_TENSOR_MATRIX_VIEW_H_
#define FOVEA_TENSOR_MATRIX_VIEW_H_

#include <cstddef>

#include "fovea/data_type.h"

namespace fovea {

/// [rows, cols], rows contiguous at row_bytes. cols is a multiple of the type's block. The first
/// panel_rows rows, a multiple of 16, are rearranged in panels (see panels.h).
struct MatrixView {
  DataType type = DataType::kF32;
  const std::byte* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t row_bytes = 0;
  std::size_t panel_rows = 0;

  /// Not for rows in panels, except for the first of one: there the panel begins.
  const std::byte* Row(std::size_t row) const { return data + row * row_bytes; }
  explicit operator bool() const { return data != nullptr; }
  /// Rows [begin, begin + count) of the same matrix: how fused qkv or gate+up tensors are split.
  /// Within panels, begin is a multiple of 16, and so is count unless it reaches beyond them.
  MatrixView Slice(std::size_t begin, std::size_t count) const {
    const std::size_t panels = panel_rows > begin ? panel_rows - begin : 0;
    return {type, Row(begin), count, cols, row_bytes, panels < count ? panels : count};
  }
};

}  // namespace fovea

#endif  // FOVEA_TENSOR_MATRIX_VIEW_H_
