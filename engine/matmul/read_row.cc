#include "engine/matmul/read_row.h"

#include "engine/tensor/packed_panels.h"

namespace fovea::matmul {

void ReadRow(const kernels::KernelTable& kernels, const MatrixView& weight, std::size_t row,
             std::byte* unpacked, float* out) {
  const std::byte* blocks = unpacked;
  if (row < weight.panel_rows) {
    UnpackPanelRow(weight.type, weight.Row(row / kPanelRows * kPanelRows), weight.row_bytes,
                   row % kPanelRows, unpacked);
  } else {
    blocks = weight.Row(row);
  }
  kernels.dequantize(weight.type, blocks, weight.cols, out);
}

}  // namespace fovea::matmul
