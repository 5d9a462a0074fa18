#include "engine/kernels/kernel_functions.h"

#include "engine/kernels/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/strip_gemm.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#if HWY_TARGET == HWY_NEON
#include "engine/kernels/strip_gemm_arm-inl.h"
#else
#include "engine/kernels/strip_gemm-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

void StripGemm(DataType type, const std::byte* strips, std::size_t count, std::size_t cols,
               const QuantizedRows& x, std::size_t tokens, float* out, std::size_t out_stride) {
  AllStripsOf(type, strips, count, {x, cols, out, out_stride}, tokens);
}

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
