// The providers made of our own kernels: for float weights, for those of 16 bits, and for
// everything else.
#ifndef FOVEA_MATMUL_NATIVE_PROVIDERS_H_
#define FOVEA_MATMUL_NATIVE_PROVIDERS_H_

#include "engine/matmul/plan.h"

namespace fovea::matmul {

/// Float weights at addresses that are aligned for floats: straight from the file.
bool AcceptsDirectF32(const Problem& problem);
void MultiplyDirectF32(const kernels::KernelTable& kernels, const RowBlock& block);

/// F16 and BF16 weights straight from the file, for so few tokens that widening the weights again
/// for every few tokens costs less than decoding a panel.
bool AcceptsDirectHalf(const Problem& problem);
void MultiplyDirectHalf(const kernels::KernelTable& kernels, const RowBlock& block);

/// Every type: as many rows as the panel holds are decoded into it, then multiplied with all
/// tokens.
bool AcceptsDequantizedPanel(const Problem& problem);
void MultiplyDequantizedPanel(const kernels::KernelTable& kernels, const RowBlock& block);

}  // namespace fovea::matmul

#endif  // FOVEA_MATMUL_NATIVE_PROVIDERS_H_
