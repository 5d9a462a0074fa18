// One encoder per block type that CanEncode(): BlockElements(type) floats to the block that decodes
// nearest to them. The floats are finite and not beyond the type's largest magnitude
// (weight_types.h); encode.cc checks that.
#ifndef FOVEA_QUANTIZE_ENCODE_BLOCK_H_
#define FOVEA_QUANTIZE_ENCODE_BLOCK_H_

#include "engine/tensor/weight_types.h"

namespace fovea {

#define FOVEA_DECLARE_ENCODE_BLOCK(name, ...) \
  void EncodeBlock(const float* values, Block##name* block);
FOVEA_EACH_BLOCK_TYPE(FOVEA_DECLARE_ENCODE_BLOCK)
#undef FOVEA_DECLARE_ENCODE_BLOCK

}  // namespace fovea

#endif  // FOVEA_QUANTIZE_ENCODE_BLOCK_H_
