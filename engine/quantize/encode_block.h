// One encoder per block type: BlockElements(type) floats to the block that decodes nearest to them.
// The floats are finite and not beyond LargestMagnitude() of the type; encode.cc sees to that.
#ifndef FOVEA_QUANTIZE_ENCODE_BLOCK_H_
#define FOVEA_QUANTIZE_ENCODE_BLOCK_H_

#include "engine/tensor/blocks.h"

namespace fovea {

void EncodeBlock(const float* values, BlockQ8_0* block);
void EncodeBlock(const float* values, BlockQ4_0* block);
void EncodeBlock(const float* values, BlockQ4_1* block);
void EncodeBlock(const float* values, BlockQ5_0* block);
void EncodeBlock(const float* values, BlockQ5_1* block);
void EncodeBlock(const float* values, BlockQ4_K* block);
void EncodeBlock(const float* values, BlockQ5_K* block);
void EncodeBlock(const float* values, BlockQ6_K* block);

}  // namespace fovea

#endif  // FOVEA_QUANTIZE_ENCODE_BLOCK_H_
