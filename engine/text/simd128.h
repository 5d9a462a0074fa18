// The vector width of text work: always 128 bits, SSE2 or NEON, which every 64-bit CPU that we run
// on has. No dispatch and no compiler flags are needed, so this may be used in any file of this
// room.
#ifndef FOVEA_TEXT_SIMD128_H_
#define FOVEA_TEXT_SIMD128_H_

#include <cstddef>
#include <cstdint>
#include <xsimd/xsimd.hpp>

namespace fovea::text {

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

inline constexpr std::size_t kBytesPerVector = 16;
inline constexpr std::size_t kFloatsPerVector = 4;

}  // namespace fovea::text

#endif  // FOVEA_TEXT_SIMD128_H_
