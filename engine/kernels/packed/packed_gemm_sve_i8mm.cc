// The panel products of ARM SVE with its matrix products (SMMLA). Compiled for CPUs that have it:
// the linker may see nothing of this file but PackedGemmI8mm.
#include "engine/kernels/dispatch/kernel_functions.h"

#if FOVEA_KERNELS_ARM64

#define FOVEA_SVE_I8MM 1
#include "engine/kernels/packed/sve_panels-inl.h"

namespace fovea::kernels::sve {

void PackedGemmI8mm(DataType type, const std::byte* panels, std::size_t count, std::size_t cols,
                    const QuantizedRows& x, std::size_t tokens, float* out,
                    std::size_t out_stride) {
  AllPanelsOf(type, panels, count, {x, cols, out, out_stride}, tokens);
}

}  // namespace fovea::kernels::sve

#endif  // FOVEA_KERNELS_ARM64
