// Quantized weights times 8-bit activations, in integers: from panels that the model packed when it
// was loaded, or from panels that are packed for each product.
#ifndef FOVEA_MATMUL_PACKED_PROVIDER_H_
#define FOVEA_MATMUL_PACKED_PROVIDER_H_

#include "engine/matmul/plan.h"

namespace fovea::matmul {

bool AcceptsPacked(const Problem& problem);
void MultiplyPacked(const kernels::KernelTable& kernels, const RowBlock& block);

}  // namespace fovea::matmul

#endif  // FOVEA_MATMUL_PACKED_PROVIDER_H_
