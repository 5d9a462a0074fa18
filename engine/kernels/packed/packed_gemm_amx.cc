// The panel products of AMX machines: tiles where 16 tokens or more share the weights, VNNI below.
#include "engine/kernels/dispatch/kernel_functions.h"

#include "engine/kernels/dispatch/highway_targets.h"

#if FOVEA_KERNELS_AMX

#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX2)

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/packed/packed_gemm_amx.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "engine/kernels/quantize/blocks-inl.h"

#if HWY_TARGET == HWY_AVX3
// The functions of this region may use everything that AVX3's may, and tiles.
#undef HWY_TARGET_STR
#define HWY_TARGET_STR HWY_TARGET_STR_AVX3 ",amx-tile,amx-int8,amx-bf16"
#endif

#include "engine/kernels/packed/packed_gemm_amx-inl.h"
#include "engine/kernels/simd/hardware_tiles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if HWY_TARGET == HWY_AVX3

void PackedGemmAmx(DataType type, const std::byte* panels, std::size_t count, std::size_t cols,
                   const QuantizedRows& x, std::size_t tokens, float* out, std::size_t out_stride) {
  if (tokens < kTileRows) {
    return PackedGemmVnni(type, panels, count, cols, x, tokens, out, out_stride);
  }
  HardwareTiles tiles;
  PackedGemmOnTiles(tiles, type, panels, count, cols, x, tokens, out, out_stride);
}

#endif  // HWY_TARGET == HWY_AVX3
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_AMX
