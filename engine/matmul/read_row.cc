#include "engine/matmul/read_row.h"

#include "engine/tensor/strips.h"

namespace fovea::matmul {

void ReadRow(const kernels::KernelTable& kernels, const MatrixView& weight, std::size_t row,
             std::byte* unpacked, float* out) {
  const std::byte* blocks = unpacked;
  if (row < weight.strip_rows) {
    UnpackStripRow(weight.type, weight.Row(row / kStripRows * kStripRows), weight.row_bytes,
                   row % kStripRows, unpacked);
  } else {
    blocks = weight.Row(row);
  }
  kernels.dequantize(weight.type, blocks, weight.cols, out);
}

}  // namespace fovea::matmul
