// Products with F16 and BF16 weights in the order of the file, widened when they are loaded.
#include "engine/kernels/dispatch/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/float/gemm_half.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "engine/kernels/dispatch/kernel_functions.h"
#include "engine/kernels/float/gemm_tile-inl.h"
#include "engine/kernels/quantize/halves-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

namespace {

template <class Widen>
struct HalfWeights {
  static constexpr std::size_t kBytes = sizeof(std::uint16_t);
  static HWY_INLINE F32 Load(const std::uint8_t* row, std::size_t c) {
    return Widen::Load(row + c * kBytes);
  }
  static HWY_INLINE F32 LoadFirst(const std::uint8_t* row, std::size_t c, std::size_t count) {
    return LoadFirstHalves<Widen>(row + c * kBytes, count);
  }
};

}  // namespace

void GemmHalf(DataType type, const std::byte* w, std::size_t row_bytes, std::size_t rows,
              const float* x, std::size_t x_stride, std::size_t tokens, std::size_t cols,
              float* out, std::size_t out_stride) {
  const GemmOperands at = {
      reinterpret_cast<const std::uint8_t*>(w), row_bytes, x, x_stride, cols, out, out_stride};
  if (type == DataType::kF16) {
    GemmAll<HalfWeights<WidenF16>>(at, rows, tokens);
  } else {
    GemmAll<HalfWeights<WidenBF16>>(at, rows, tokens);
  }
}

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
