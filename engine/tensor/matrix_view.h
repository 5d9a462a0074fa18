// A weight matrix as it lies in the file: rows of quantized blocks. Non-owning.
#ifndef FOVEA_TENSOR_MATRIX_VIEW_H_
#define FOVEA_TENSOR_MATRIX_VIEW_H_

#include <cstddef>

#include "fovea/data_type.h"

namespace fovea {

/// [rows, cols], rows contiguous at row_bytes. cols is a multiple of the type's block.
struct MatrixView {
  DataType type = DataType::kF32;
  const std::byte* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t row_bytes = 0;

  const std::byte* Row(std::size_t row) const { return data + row * row_bytes; }
  explicit operator bool() const { return data != nullptr; }
  /// Rows [begin, begin + count) of the same matrix: how fused qkv or gate+up tensors are split.
  MatrixView Slice(std::size_t begin, std::size_t count) const {
    return {type, Row(begin), count, cols, row_bytes};
  }
};

}  // namespace fovea

#endif  // FOVEA_TENSOR_MATRIX_VIEW_H_
