// One decoder per block type, each writing BlockElements(type) values. The order of the float
// operations is part of the definition: other orders round differently. Used by dequantize.cc only.
#ifndef FOVEA_TENSOR_DEQUANTIZE_BLOCK_H_
#define FOVEA_TENSOR_DEQUANTIZE_BLOCK_H_

#include "engine/tensor/blocks.h"

namespace fovea {

void DecodeBlock(const BlockQ8_0& block, float* out);
void DecodeBlock(const BlockQ4_0& block, float* out);
void DecodeBlock(const BlockQ4_1& block, float* out);
void DecodeBlock(const BlockQ5_0& block, float* out);
void DecodeBlock(const BlockQ5_1& block, float* out);
void DecodeBlock(const BlockIQ4_NL& block, float* out);

void DecodeBlock(const BlockQ2_K& block, float* out);
void DecodeBlock(const BlockQ3_K& block, float* out);
void DecodeBlock(const BlockQ4_K& block, float* out);
void DecodeBlock(const BlockQ5_K& block, float* out);
void DecodeBlock(const BlockQ6_K& block, float* out);

}  // namespace fovea

#endif  // FOVEA_TENSOR_DEQUANTIZE_BLOCK_H_
