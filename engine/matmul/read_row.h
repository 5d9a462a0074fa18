// One row of a weight matrix as floats, whether it is stored in file order or in a packed panel.
#ifndef FOVEA_MATMUL_READ_ROW_H_
#define FOVEA_MATMUL_READ_ROW_H_

#include <cstddef>

#include "engine/kernels/dispatch/kernel_table.h"
#include "engine/tensor/matrix_view.h"

namespace fovea::matmul {

/// out[0 … cols) = row `row`. `unpacked` has weight.row_bytes bytes and is used if the row is part
/// of a panel.
void ReadRow(const kernels::KernelTable& kernels, const MatrixView& weight, std::size_t row,
             std::byte* unpacked, float* out);

}  // namespace fovea::matmul

#endif  // FOVEA_MATMUL_READ_ROW_H_
