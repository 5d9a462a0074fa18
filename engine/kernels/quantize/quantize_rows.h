// Rows of activations rounded to 8 bits, in the order that a table's packed_gemm reads. Free of
// SIMD types.
#ifndef FOVEA_KERNELS_QUANTIZE_QUANTIZE_ROWS_H_
#define FOVEA_KERNELS_QUANTIZE_QUANTIZE_ROWS_H_

#include <cstddef>
#include <cstdint>

#include "engine/kernels/dispatch/kernel_table.h"
#include "engine/kernels/quantize/quantized_row.h"

namespace fovea::kernels {

/// x: [tokens, x_stride], the first `cols` of each, a multiple of 32; quants [tokens, cols]; blocks
/// [tokens, cols / 32]. What comes out may follow an even number of tokens that came out before.
void QuantizeRows(const KernelTable& kernels, const float* x, std::size_t x_stride,
                  std::size_t tokens, std::size_t cols, std::int8_t* quants,
                  ActivationBlock* blocks);

}  // namespace fovea::kernels

#endif  // FOVEA_KERNELS_QUANTIZE_QUANTIZE_ROWS_H_
