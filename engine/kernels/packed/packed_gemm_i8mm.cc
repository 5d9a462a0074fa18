// The panel products of ARM's I8MM extension (SMMLA), for two tokens and more. Compiled for CPUs
// that have it: nothing of this file but PackedGemmI8mm may be seen by the linker.
#include "engine/kernels/dispatch/kernel_functions.h"

#include "engine/kernels/dispatch/highway_targets.h"

#if FOVEA_KERNELS_ARM64

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/packed/packed_gemm_i8mm.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#define FOVEA_PACKED_DOTPROD 1
#define FOVEA_PACKED_I8MM 1
#include "engine/kernels/packed/packed_gemm_arm-inl.h"
#undef FOVEA_PACKED_I8MM
#undef FOVEA_PACKED_DOTPROD

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if HWY_TARGET == HWY_NEON

void PackedGemmI8mm(DataType type, const std::byte* panels, std::size_t count, std::size_t cols,
                    const QuantizedRows& x, std::size_t tokens, float* out,
                    std::size_t out_stride) {
  AllPanelsOf(type, panels, count, {x, cols, out, out_stride}, tokens);
}

#endif  // HWY_TARGET == HWY_NEON
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_ARM64
