// What Highway compiles each kernel file for. Include before hwy/foreach_target.h. On x86 that is
// AVX-512 ("AVX3") and AVX2, on ARM NEON; Highway insists on a baseline besides, for which our
// files are empty (FOVEA_SIMD_TARGET is 0): scalar code is written by hand, in *_scalar.cc.
//
// Example of a kernel file:
//   #include "engine/kernels/dispatch/highway_targets.h"
//   #undef HWY_TARGET_INCLUDE
//   #define HWY_TARGET_INCLUDE "engine/kernels/this_file.cc"
//   #include "hwy/foreach_target.h"  // IWYU pragma: keep
//   #include "engine/kernels/simd/simd-inl.h"
//   HWY_BEFORE_NAMESPACE();
//   namespace fovea::kernels::HWY_NAMESPACE {
//   #if FOVEA_SIMD_TARGET
//   ...
//   #endif
//   }
//   HWY_AFTER_NAMESPACE();
#ifndef FOVEA_KERNELS_DISPATCH_HIGHWAY_TARGETS_H_
#define FOVEA_KERNELS_DISPATCH_HIGHWAY_TARGETS_H_

#include "engine/kernels/dispatch/targets.h"

// A build may leave out instruction sets (CMake option FOVEA_ISAS).
#if defined(FOVEA_WITHOUT_AVX2)
#define FOVEA_HWY_WITHOUT_AVX2 HWY_AVX2
#else
#define FOVEA_HWY_WITHOUT_AVX2 0
#endif
#if defined(FOVEA_WITHOUT_AVX512)
#define FOVEA_HWY_WITHOUT_AVX3 HWY_AVX3
#else
#define FOVEA_HWY_WITHOUT_AVX3 0
#endif
#if defined(FOVEA_WITHOUT_NEON)
#define FOVEA_HWY_WITHOUT_NEON HWY_NEON
#else
#define FOVEA_HWY_WITHOUT_NEON 0
#endif
#define FOVEA_HWY_LEFT_OUT \
  (FOVEA_HWY_WITHOUT_AVX2 | FOVEA_HWY_WITHOUT_AVX3 | FOVEA_HWY_WITHOUT_NEON)

#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_SSE4 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | FOVEA_HWY_LEFT_OUT)

// Highway's own checks in debug and sanitizer builds would call into libhwy and abort.
#define HWY_IS_DEBUG_BUILD 0

// On 32-bit ARM Highway 1.0.3 asks for fused multiply-adds by clang's name, which gcc does not
// define.
#if defined(__arm__) && defined(__ARM_FEATURE_FMA) && !defined(__ARM_VFPV4__)
#define __ARM_VFPV4__ 1
#endif

#define FOVEA_SIMD_TARGET                              \
  (HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3 || \
   (HWY_TARGET == HWY_NEON && FOVEA_KERNELS_NEON))

#endif  // FOVEA_KERNELS_DISPATCH_HIGHWAY_TARGETS_H_
