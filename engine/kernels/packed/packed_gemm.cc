#include "engine/kernels/dispatch/kernel_functions.h"

#include "engine/kernels/dispatch/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/packed/packed_gemm.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#if HWY_TARGET == HWY_NEON
#include "engine/kernels/packed/packed_gemm_arm-inl.h"
#else
#include "engine/kernels/packed/packed_gemm-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

void PackedGemm(DataType type, const std::byte* panels, std::size_t count, std::size_t cols,
                const QuantizedRows& x, std::size_t tokens, float* out, std::size_t out_stride) {
  AllPanelsOf(type, panels, count, {x, cols, out, out_stride}, tokens);
}

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
