// How one kernel source becomes several functions. Every kernel file is compiled once per Highway
// target into namespace fovea::kernels::HWY_NAMESPACE; a plain C++ twin lives in
// fovea::kernels::scalar. The macro below declares all of them, so that kernel_table.cc can build
// one constant table per target and no run-time registration, no mutable global and no libhwy is
// needed. Free of SIMD types.
#ifndef FOVEA_KERNELS_DISPATCH_TARGETS_H_
#define FOVEA_KERNELS_DISPATCH_TARGETS_H_

#if defined(__x86_64__) || defined(__i386__) || defined(_M_X64)
#define FOVEA_KERNELS_X86 1
#else
#define FOVEA_KERNELS_X86 0
#endif

// Instruction sets, but for those that this build leaves out (CMake option FOVEA_ISAS).
#if FOVEA_KERNELS_X86 && !defined(FOVEA_WITHOUT_AVX2)
#define FOVEA_KERNELS_AVX2 1
#else
#define FOVEA_KERNELS_AVX2 0
#endif

#if FOVEA_KERNELS_X86 && !defined(FOVEA_WITHOUT_AVX512)
#define FOVEA_KERNELS_AVX512 1
#else
#define FOVEA_KERNELS_AVX512 0
#endif

#if FOVEA_KERNELS_X86 && !defined(FOVEA_WITHOUT_AVX512VNNI)
#define FOVEA_KERNELS_AVX512VNNI 1
#else
#define FOVEA_KERNELS_AVX512VNNI 0
#endif

#if FOVEA_KERNELS_X86 && !defined(FOVEA_WITHOUT_AVX512BF16)
#define FOVEA_KERNELS_AVX512BF16 1
#else
#define FOVEA_KERNELS_AVX512BF16 0
#endif

/// Tiles exist in 64-bit mode only.
#if (defined(__x86_64__) || defined(_M_X64)) && !defined(FOVEA_WITHOUT_AMX)
#define FOVEA_KERNELS_AMX 1
#else
#define FOVEA_KERNELS_AMX 0
#endif

/// On 32-bit ARM with VFPv4 only: kernels mean one rounding where they multiply and add.
#if (defined(__aarch64__) || (defined(__ARM_NEON) && defined(__ARM_FEATURE_FMA))) && \
    !defined(FOVEA_WITHOUT_NEON)
#define FOVEA_KERNELS_NEON 1
#else
#define FOVEA_KERNELS_NEON 0
#endif

/// Extensions of NEON and SVE are for 64-bit ARM only.
#if defined(__aarch64__)
#define FOVEA_KERNELS_ARM64 1
#else
#define FOVEA_KERNELS_ARM64 0
#endif

#if FOVEA_KERNELS_ARM64 && !defined(FOVEA_WITHOUT_NEON_DOTPROD)
#define FOVEA_KERNELS_NEON_DOTPROD 1
#else
#define FOVEA_KERNELS_NEON_DOTPROD 0
#endif

#if FOVEA_KERNELS_ARM64 && !defined(FOVEA_WITHOUT_NEON_I8MM)
#define FOVEA_KERNELS_NEON_I8MM 1
#else
#define FOVEA_KERNELS_NEON_I8MM 0
#endif

#if FOVEA_KERNELS_ARM64 && !defined(FOVEA_WITHOUT_SVE)
#define FOVEA_KERNELS_SVE 1
#else
#define FOVEA_KERNELS_SVE 0
#endif

#if FOVEA_KERNELS_ARM64 && !defined(FOVEA_WITHOUT_SVE_I8MM)
#define FOVEA_KERNELS_SVE_I8MM 1
#else
#define FOVEA_KERNELS_SVE_I8MM 0
#endif

/// Declares `return_type name parameters` in every target's namespace. Use inside fovea::kernels.
/// Example: FOVEA_DECLARE_KERNEL(float, Dot, (const float* a, const float* b, std::size_t n))
#if FOVEA_KERNELS_X86
#define FOVEA_DECLARE_KERNEL(return_type, name, parameters) \
  namespace scalar {                                        \
  return_type name parameters;                              \
  }                                                         \
  namespace N_AVX2 {                                        \
  return_type name parameters;                              \
  }                                                         \
  namespace N_AVX3 {                                        \
  return_type name parameters;                              \
  }
#elif FOVEA_KERNELS_NEON
#define FOVEA_DECLARE_KERNEL(return_type, name, parameters) \
  namespace scalar {                                        \
  return_type name parameters;                              \
  }                                                         \
  namespace N_NEON {                                        \
  return_type name parameters;                              \
  }
#else
#define FOVEA_DECLARE_KERNEL(return_type, name, parameters) \
  namespace scalar {                                        \
  return_type name parameters;                              \
  }
#endif

#endif  // FOVEA_KERNELS_DISPATCH_TARGETS_H_
