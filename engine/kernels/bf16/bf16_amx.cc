// Products in bfloat16 on AMX machines: any number of tokens on tiles.
#include "engine/kernels/dispatch/kernel_functions.h"

#include "engine/kernels/dispatch/highway_targets.h"

#if FOVEA_KERNELS_AMX

#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX2)

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/bf16/bf16_amx.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "hwy/highway.h"

#if HWY_TARGET == HWY_AVX3
// The functions of this region may use everything that AVX3's may, bfloat16 and tiles.
#undef HWY_TARGET_STR
#define HWY_TARGET_STR HWY_TARGET_STR_AVX3 ",avx512bf16,amx-tile,amx-int8,amx-bf16"
#endif

#include "engine/kernels/bf16/bf16_tiles-inl.h"
#include "engine/kernels/simd/hardware_tiles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if HWY_TARGET == HWY_AVX3

void Bf16PrepareAmx(const float* x, std::size_t x_stride, std::size_t tokens, std::size_t cols,
                    std::uint16_t* prepared) {
  PrepareForTiles(x, x_stride, tokens, cols, prepared);
}

void Bf16GemmAmx(DataType type, const std::byte* w, std::size_t row_bytes, std::size_t rows,
                 const std::uint16_t* prepared, std::size_t tokens, std::size_t cols, float* out,
                 std::size_t out_stride, std::byte* scratch) {
  HardwareTiles tiles;
  Bf16GemmOnTiles(tiles, type, w, row_bytes, rows, prepared, tokens, cols, out, out_stride,
                  scratch);
}

#endif  // HWY_TARGET == HWY_AVX3
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_AMX
