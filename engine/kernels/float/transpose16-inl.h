// Transposing 16 × 16 words, for kernel files whose vectors have 16 floats. Compiled once per
// target.
#if defined(FOVEA_KERNELS_TRANSPOSE16_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_TRANSPOSE16_INL_H_
#undef FOVEA_KERNELS_TRANSPOSE16_INL_H_
#else
#define FOVEA_KERNELS_TRANSPOSE16_INL_H_
#endif

#include <cstddef>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if HWY_TARGET == HWY_AVX3

namespace {

/// Swaps word j of v[i] and word i of v[j].
HWY_INLINE void Transpose16(__m512i (&v)[16]) {
  __m512i a[16];
  // Pairs of rows, then fours: every 128-bit part holds one column of four rows.
  HWY_UNROLL(8)
  for (std::size_t i = 0; i < 16; i += 2) {
    a[i] = _mm512_unpacklo_epi32(v[i], v[i + 1]);
    a[i + 1] = _mm512_unpackhi_epi32(v[i], v[i + 1]);
  }
  HWY_UNROLL(4)
  for (std::size_t i = 0; i < 16; i += 4) {
    v[i] = _mm512_unpacklo_epi64(a[i], a[i + 2]);
    v[i + 1] = _mm512_unpackhi_epi64(a[i], a[i + 2]);
    v[i + 2] = _mm512_unpacklo_epi64(a[i + 1], a[i + 3]);
    v[i + 3] = _mm512_unpackhi_epi64(a[i + 1], a[i + 3]);
  }
  // Then 4 × 4 of those parts: v[4g + c] holds columns c, c + 4, c + 8, c + 12 of row group g.
  HWY_UNROLL(4)
  for (std::size_t c = 0; c < 4; ++c) {
    const __m512i even01 = _mm512_shuffle_i32x4(v[c], v[4 + c], 0x88);
    const __m512i odd01 = _mm512_shuffle_i32x4(v[c], v[4 + c], 0xDD);
    const __m512i even23 = _mm512_shuffle_i32x4(v[8 + c], v[12 + c], 0x88);
    const __m512i odd23 = _mm512_shuffle_i32x4(v[8 + c], v[12 + c], 0xDD);
    a[c] = _mm512_shuffle_i32x4(even01, even23, 0x88);
    a[8 + c] = _mm512_shuffle_i32x4(even01, even23, 0xDD);
    a[4 + c] = _mm512_shuffle_i32x4(odd01, odd23, 0x88);
    a[12 + c] = _mm512_shuffle_i32x4(odd01, odd23, 0xDD);
  }
  HWY_UNROLL(16)
  for (std::size_t i = 0; i < 16; ++i) v[i] = a[i];
}

}  // namespace

#endif  // HWY_TARGET == HWY_AVX3
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
