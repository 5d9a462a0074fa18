#include "engine/matmul/bf16_provider.h"

namespace fovea::matmul {

bool AcceptsBf16(const Problem& problem) {
  return problem.arithmetic == Arithmetic::kFast && problem.bf16 != nullptr &&
         problem.bf16->takes(problem.type);
}

void MultiplyBf16(const kernels::KernelTable& kernels, const RowBlock& block) {
  const MatrixView& weight = block.weight;
  kernels.bf16->gemm(weight.type, weight.data, weight.row_bytes, weight.rows, block.rounded,
                     block.tokens, weight.cols, block.out, block.out_stride,
                     reinterpret_cast<std::byte*>(block.panel.data()));
}

}  // namespace fovea::matmul
