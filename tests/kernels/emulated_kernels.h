// The kernels of AMX machines, on an emulated tile unit. Free of SIMD types.
#ifndef FOVEA_TESTS_KERNELS_EMULATED_KERNELS_H_
#define FOVEA_TESTS_KERNELS_EMULATED_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "engine/kernels/dispatch/targets.h"
#include "engine/kernels/quantize/quantized_row.h"
#include "fovea/data_type.h"
#include "tests/kernels/emulated_tiles.h"

#if FOVEA_KERNELS_AMX

namespace fovea::kernels::N_AVX3 {

/// As KernelTable::packed_gemm, at least 16 tokens. Needs AVX-512.
void PackedGemmEmulated(EmulatedTiles& tiles, DataType type, const std::byte* panels,
                        std::size_t count, std::size_t cols, const QuantizedRows& x,
                        std::size_t tokens, float* out, std::size_t out_stride);

/// As Bf16Products. Need AVX512-BF16.
void Bf16PrepareForTiles(const float* x, std::size_t x_stride, std::size_t tokens, std::size_t cols,
                         std::uint16_t* prepared);
void Bf16GemmEmulated(EmulatedTiles& tiles, DataType type, const std::byte* w,
                      std::size_t row_bytes, std::size_t rows, const std::uint16_t* prepared,
                      std::size_t tokens, std::size_t cols, float* out, std::size_t out_stride,
                      std::byte* scratch);

}  // namespace fovea::kernels::N_AVX3

#endif  // FOVEA_KERNELS_AMX

#endif  // FOVEA_TESTS_KERNELS_EMULATED_KERNELS_H_
