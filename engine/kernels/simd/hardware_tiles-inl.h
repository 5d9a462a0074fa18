// AMX's tile unit, one function per instruction, for kernel files whose region may use AMX. Kernels
// take the unit as a template parameter, so that tests run them on an emulated one. In assembly:
// gcc 12's intrinsics do not say what memory they read. Compiled once per target.
#if defined(FOVEA_KERNELS_HARDWARE_TILES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_HARDWARE_TILES_INL_H_
#undef FOVEA_KERNELS_HARDWARE_TILES_INL_H_
#else
#define FOVEA_KERNELS_HARDWARE_TILES_INL_H_
#endif

#include <cstddef>

#include "engine/kernels/simd/tile_config.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
namespace {

/// Belongs to the thread that configured it, until Release.
struct HardwareTiles {
  /// Sets all shapes and zeroes all tiles.
  HWY_INLINE void Configure(const TileConfig& config) {
    asm volatile("ldtilecfg %0" : : "m"(config));
  }
  /// Leaves the thread without tile state, so that nobody saves and restores it.
  HWY_INLINE void Release() { asm volatile("tilerelease" : : : "memory"); }

  template <int kTile>
  HWY_INLINE void Zero() {
    asm volatile("tilezero %%tmm%c0" : : "i"(kTile));
  }
  /// Rows `stride` bytes apart.
  template <int kTile>
  HWY_INLINE void Load(const void* from, std::size_t stride) {
    asm volatile("tileloadd (%1,%2,1), %%tmm%c0" : : "i"(kTile), "r"(from), "r"(stride) : "memory");
  }
  template <int kTile>
  HWY_INLINE void Store(void* to, std::size_t stride) {
    asm volatile("tilestored %%tmm%c0, (%1,%2,1)" : : "i"(kTile), "r"(to), "r"(stride) : "memory");
  }
  /// kSum += kA · kB in signed bytes.
  template <int kSum, int kA, int kB>
  HWY_INLINE void DotInt8() {
    asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kA), "i"(kB));
  }
  /// kSum += kA · kB in bfloat16.
  template <int kSum, int kA, int kB>
  HWY_INLINE void DotBf16() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kA), "i"(kB));
  }
};

}  // namespace
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
