// What this CPU can run, according to the CPU and the operating system (XCR0, HWCAP).
#ifndef FOVEA_PLATFORM_CPU_FEATURES_H_
#define FOVEA_PLATFORM_CPU_FEATURES_H_

#include <cstddef>

namespace fovea::platform {

struct CpuFeatures {
  // x86: true only if the CPU has it and the operating system saves its registers.
  bool avx2_fma_f16c = false;  ///< AVX2, FMA, F16C, BMI2
  bool avx512 = false;         ///< AVX-512 F, BW, CD, DQ, VL
  bool avx512_vnni = false;
  bool avx512_bf16 = false;
  bool avx512_fp16 = false;
  bool avx_vnni = false;
  bool amx_int8 = false;
  bool amx_bf16 = false;
  // ARM.
  bool neon = false;
  bool dotprod = false;
  bool i8mm = false;
  bool bf16 = false;
  bool fp16 = false;
  bool sve = false;
  bool sve2 = false;
  bool sve_i8mm = false;
  bool sve_bf16 = false;
  std::size_t sve_vector_bits = 0;  ///< Of this thread; 0 if unknown or there is no SVE.
};

/// Reads the CPU and keeps no state. Virtual machines may need some tenths of a millisecond for it:
/// call it once per session, not once per computation.
CpuFeatures DetectCpuFeatures();

struct CacheSizes {
  std::size_t l1_data = 32 * 1024;
  std::size_t l2 = 512 * 1024;
  std::size_t l3 = 0;
};

/// Bytes of the first core's caches; the defaults above where the system does not report them.
CacheSizes DetectCacheSizes();

}  // namespace fovea::platform

#endif  // FOVEA_PLATFORM_CPU_FEATURES_H_
