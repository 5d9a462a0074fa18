#include "engine/kernels/dispatch/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/float/gemm.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "engine/kernels/dispatch/kernel_functions.h"
#include "engine/kernels/float/gemm_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

void Gemm(const float* w, std::size_t w_stride, std::size_t rows, const float* x,
          std::size_t x_stride, std::size_t tokens, std::size_t cols, float* out,
          std::size_t out_stride) {
  GemmAll<FloatWeights>({reinterpret_cast<const std::uint8_t*>(w), w_stride * sizeof(float), x,
                         x_stride, cols, out, out_stride},
                        rows, tokens);
}

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
