#include "tests/kernels/emulated_kernels.h"

#include "engine/kernels/dispatch/highway_targets.h"

#if FOVEA_KERNELS_AMX

#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX2)

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/kernels/emulated_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "engine/kernels/quantize/blocks-inl.h"

#if HWY_TARGET == HWY_AVX3
#undef HWY_TARGET_STR
#define HWY_TARGET_STR HWY_TARGET_STR_AVX3 ",avx512bf16"
#endif

#include "engine/kernels/bf16/bf16_tiles-inl.h"
#include "engine/kernels/packed/packed_gemm_amx-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if HWY_TARGET == HWY_AVX3

void PackedGemmEmulated(EmulatedTiles& tiles, DataType type, const std::byte* panels,
                        std::size_t count, std::size_t cols, const QuantizedRows& x,
                        std::size_t tokens, float* out, std::size_t out_stride) {
  PackedGemmOnTiles(tiles, type, panels, count, cols, x, tokens, out, out_stride);
}

void Bf16PrepareForTiles(const float* x, std::size_t x_stride, std::size_t tokens, std::size_t cols,
                         std::uint16_t* prepared) {
  PrepareForTiles(x, x_stride, tokens, cols, prepared);
}

void Bf16GemmEmulated(EmulatedTiles& tiles, DataType type, const std::byte* w,
                      std::size_t row_bytes, std::size_t rows, const std::uint16_t* prepared,
                      std::size_t tokens, std::size_t cols, float* out, std::size_t out_stride,
                      std::byte* scratch) {
  Bf16GemmOnTiles(tiles, type, w, row_bytes, rows, prepared, tokens, cols, out, out_stride,
                  scratch);
}

#endif  // HWY_TARGET == HWY_AVX3
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_AMX
