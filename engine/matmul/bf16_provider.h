// Weights of 16 bits times activations rounded to bfloat16, on instruction sets that multiply those
// faster than floats.
#ifndef FOVEA_MATMUL_BF16_PROVIDER_H_
#define FOVEA_MATMUL_BF16_PROVIDER_H_

#include "engine/matmul/plan.h"

namespace fovea::matmul {

bool AcceptsBf16(const Problem& problem);
void MultiplyBf16(const kernels::KernelTable& kernels, const RowBlock& block);

}  // namespace fovea::matmul

#endif  // FOVEA_MATMUL_BF16_PROVIDER_H_
