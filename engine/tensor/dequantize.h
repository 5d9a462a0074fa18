// Readable scalar decoding of every weight type: the oracle of the SIMD kernels. Layouts: blocks.h.
#ifndef FOVEA_TENSOR_DEQUANTIZE_H_
#define FOVEA_TENSOR_DEQUANTIZE_H_

#include <cstddef>
#include <cstdint>

#include "fovea/data_type.h"
#include "fovea/half.h"

namespace fovea {

/// Decodes `elements` values (a multiple of the type's block) from `blocks` (any alignment) into
/// out[elements], bit-exactly as GGUF defines the type.
void Dequantize(DataType type, const void* blocks, std::size_t elements, float* out);

/// Bytes of one row of `elements`; 0 if elements is not a multiple of the block or would overflow.
std::size_t RowBytes(DataType type, std::size_t elements);

/// The exact value of a bfloat16; for IEEE halves see fovea/half.h.
float BFloat16ToFloat(std::uint16_t bits);

/// Rounds to nearest, ties to even. A NaN stays one and becomes quiet.
std::uint16_t FloatToBFloat16(float value);

}  // namespace fovea

#endif  // FOVEA_TENSOR_DEQUANTIZE_H_
