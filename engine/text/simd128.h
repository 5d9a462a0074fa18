// The vector width of text work: always 128 bits, SSE2 or NEON, which every x86-64 and 64-bit ARM
// CPU has. No dispatch and no compiler flags are needed, so this may be used in any file of this
// room. For other CPUs FOVEA_HAS_SIMD128 is 0, and the scalar reference implementations run.
#ifndef FOVEA_TEXT_SIMD128_H_
#define FOVEA_TEXT_SIMD128_H_

#include <cstddef>
#include <cstdint>

#if defined(__SSE2__) || defined(__ARM_NEON)
#define FOVEA_HAS_SIMD128 1
#include <xsimd/xsimd.hpp>
#else
#define FOVEA_HAS_SIMD128 0
#endif

namespace fovea::text {

#if FOVEA_HAS_SIMD128
#if XSIMD_WITH_NEON64
using Simd128 = xsimd::neon64;
#elif XSIMD_WITH_NEON
using Simd128 = xsimd::neon;
#else
using Simd128 = xsimd::sse2;
#endif

using Bytes128 = xsimd::batch<std::int8_t, Simd128>;
using Floats128 = xsimd::batch<float, Simd128>;
using Ints128 = xsimd::batch<std::int32_t, Simd128>;
#endif

inline constexpr std::size_t kBytesPerVector = 16;
inline constexpr std::size_t kFloatsPerVector = 4;

}  // namespace fovea::text

#endif  // FOVEA_TEXT_SIMD128_H_
