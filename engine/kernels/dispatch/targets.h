// How one kernel source becomes several functions. Every kernel file is compiled once per Highway
// target into namespace fovea::kernels::HWY_NAMESPACE; a reference implementation in plain C++ is
// in fovea::kernels::scalar. The macro below declares all of them, so that kernel_table.cc can
// build one constant table per target: no run-time registration, no mutable global, no libhwy.
// Free of SIMD types.
#ifndef FOVEA_KERNELS_DISPATCH_TARGETS_H_
#define FOVEA_KERNELS_DISPATCH_TARGETS_H_

#if defined(__x86_64__) || defined(__i386__) || defined(_M_X64)
#define FOVEA_KERNELS_X86 1
#else
#define FOVEA_KERNELS_X86 0
#endif

// Instruction sets that sources other than isa_list.h ask for: 0 on another architecture, and where
// this build leaves them out (CMake option FOVEA_ISAS).
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

#if FOVEA_KERNELS_ARM64 && !defined(FOVEA_WITHOUT_SVE)
#define FOVEA_KERNELS_SVE 1
#else
#define FOVEA_KERNELS_SVE 0
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
