// The panel products of AVX512-VNNI: the AVX-512 ones with one instruction that Highway 1.0.3 has
// no name for.
#include "engine/kernels/dispatch/kernel_functions.h"

#include "engine/kernels/dispatch/highway_targets.h"

#if FOVEA_KERNELS_X86

#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX2)

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/packed/packed_gemm_vnni.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "engine/kernels/quantize/blocks-inl.h"

#if HWY_TARGET == HWY_AVX3
// The functions of this region may use everything that AVX3's may, and VNNI.
#undef HWY_TARGET_STR
#define HWY_TARGET_STR HWY_TARGET_STR_AVX3 ",avx512vnni"
#define FOVEA_PACKED_VNNI 1
#endif

#include "engine/kernels/packed/packed_gemm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if HWY_TARGET == HWY_AVX3

void PackedGemmVnni(DataType type, const std::byte* panels, std::size_t count, std::size_t cols,
                    const QuantizedRows& x, std::size_t tokens, float* out,
                    std::size_t out_stride) {
  AllPanelsOf(type, panels, count, {x, cols, out, out_stride}, tokens);
}

#endif  // HWY_TARGET == HWY_AVX3
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#undef FOVEA_PACKED_VNNI

#endif  // FOVEA_KERNELS_X86
