// The part of dequantize_row.cc that decodes blocks of 256, in a file of its own. Free of SIMD
// types.
#ifndef FOVEA_KERNELS_QUANTIZE_DEQUANTIZE_SUPER_BLOCKS_H_
#define FOVEA_KERNELS_QUANTIZE_DEQUANTIZE_SUPER_BLOCKS_H_

#include <cstddef>

#include "engine/kernels/dispatch/targets.h"
#include "fovea/data_type.h"

namespace fovea::kernels {

/// As KernelTable::dequantize, for types with blocks of 256 only; others are left alone.
FOVEA_DECLARE_KERNEL(void, DequantizeSuperBlocks,
                     (DataType type, const void* blocks, std::size_t elements, float* out))

}  // namespace fovea::kernels

#endif  // FOVEA_KERNELS_QUANTIZE_DEQUANTIZE_SUPER_BLOCKS_H_
