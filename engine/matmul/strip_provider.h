// Quantized weights times 8-bit activations, in integers: from strips as the model packed them, or
// from strips that are packed on the way.
#ifndef FOVEA_MATMUL_STRIP_PROVIDER_H_
#define FOVEA_MATMUL_STRIP_PROVIDER_H_

#include "engine/matmul/plan.h"

namespace fovea::matmul {

bool AcceptsStrips(const Problem& problem);
void MultiplyStrips(const kernels::KernelTable& kernels, const RowBlock& block);

}  // namespace fovea::matmul

#endif  // FOVEA_MATMUL_STRIP_PROVIDER_H_
