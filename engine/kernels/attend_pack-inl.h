// Brings one tile of cached keys or values into the float layout that the products want. Compiled
// once per target.
#if defined(FOVEA_KERNELS_ATTEND_PACK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_ATTEND_PACK_INL_H_
#undef FOVEA_KERNELS_ATTEND_PACK_INL_H_
#else
#define FOVEA_KERNELS_ATTEND_PACK_INL_H_
#endif

#include <algorithm>
#include <cstddef>

#include "engine/kernels/attend_tile.h"
#include "engine/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

/// Rows of float32 in the cache.
struct F32Rows {
  const std::byte* data;
  std::size_t stride;  ///< Bytes.

  const float* Row(std::size_t row) const {
    return reinterpret_cast<const float*>(data + row * stride);
  }
  HWY_INLINE F32 Load(std::size_t row, std::size_t i) const {
    return hn::LoadU(F32Tag(), Row(row) + i);
  }
  HWY_INLINE F32x4 Load4(std::size_t row, std::size_t i) const {
    return hn::LoadU(F32x4Tag(), Row(row) + i);
  }
  HWY_INLINE float Get(std::size_t row, std::size_t i) const { return Row(row)[i]; }
};

/// Rows of float16 in the cache; converting them is exact.
struct F16Rows {
  const std::byte* data;
  std::size_t stride;  ///< Bytes.

  const hwy::float16_t* Row(std::size_t row) const {
    return reinterpret_cast<const hwy::float16_t*>(data + row * stride);
  }
  HWY_INLINE F32 Load(std::size_t row, std::size_t i) const {
    return hn::PromoteTo(F32Tag(), hn::LoadU(hn::Rebind<hwy::float16_t, F32Tag>(), Row(row) + i));
  }
  HWY_INLINE F32x4 Load4(std::size_t row, std::size_t i) const {
    return hn::PromoteTo(F32x4Tag(),
                         hn::LoadU(hn::Rebind<hwy::float16_t, F32x4Tag>(), Row(row) + i));
  }
  HWY_INLINE float Get(std::size_t row, std::size_t i) const {
    const hn::FixedTag<float, 1> one;
    return hn::GetLane(
        hn::PromoteTo(one, hn::LoadU(hn::Rebind<hwy::float16_t, decltype(one)>(), Row(row) + i)));
  }
};

/// packed[i * kKeyTile + column] = element i of row `first + column`, for the columns [begin, end);
/// the other columns that share a vector with them become 0, so that no stale number meets
/// arithmetic.
template <class Rows>
HWY_INLINE void PackKeys(const Rows& rows, std::size_t first, std::size_t begin, std::size_t end,
                         std::size_t dim, float* packed) {
  const F32x4Tag four;
  const std::size_t vector_begin = begin / kLanes * kLanes;
  const std::size_t vector_end = (end + kLanes - 1) / kLanes * kLanes;
  if (vector_begin != begin || vector_end != end) {
    for (std::size_t i = 0; i < dim; ++i) {
      std::fill(packed + i * kKeyTile + vector_begin, packed + i * kKeyTile + begin, 0.0F);
      std::fill(packed + i * kKeyTile + end, packed + i * kKeyTile + vector_end, 0.0F);
    }
  }
  std::size_t column = begin;
  for (; column + 4 <= end; column += 4) {
    const std::size_t row = first + column;
    float* out = packed + column;
    std::size_t i = 0;
    for (; i + 4 <= dim; i += 4, out += 4 * kKeyTile) {
      const F32x4 a = rows.Load4(row, i);
      const F32x4 b = rows.Load4(row + 1, i);
      const F32x4 c = rows.Load4(row + 2, i);
      const F32x4 e = rows.Load4(row + 3, i);
      const F32x4 ab_lower = hn::InterleaveLower(four, a, b);
      const F32x4 ab_upper = hn::InterleaveUpper(four, a, b);
      const F32x4 ce_lower = hn::InterleaveLower(four, c, e);
      const F32x4 ce_upper = hn::InterleaveUpper(four, c, e);
      hn::StoreU(hn::ConcatLowerLower(four, ce_lower, ab_lower), four, out);
      hn::StoreU(hn::ConcatUpperUpper(four, ce_lower, ab_lower), four, out + kKeyTile);
      hn::StoreU(hn::ConcatLowerLower(four, ce_upper, ab_upper), four, out + 2 * kKeyTile);
      hn::StoreU(hn::ConcatUpperUpper(four, ce_upper, ab_upper), four, out + 3 * kKeyTile);
    }
    for (; i < dim; ++i, out += kKeyTile) {
      for (std::size_t j = 0; j < 4; ++j) out[j] = rows.Get(row + j, i);
    }
  }
  for (; column < end; ++column) {
    for (std::size_t i = 0; i < dim; ++i) {
      packed[i * kKeyTile + column] = rows.Get(first + column, i);
    }
  }
}

/// packed[column * padded + i] = element i of row `first + column`, 0 for dim <= i < padded, for
/// the columns [begin, end). `padded` is dim rounded up to whole vectors.
template <class Rows>
HWY_INLINE void PackValues(const Rows& rows, std::size_t first, std::size_t begin, std::size_t end,
                           std::size_t dim, std::size_t padded, float* packed) {
  const F32Tag d;
  for (std::size_t column = begin; column < end; ++column) {
    float* out = packed + column * padded;
    std::size_t i = 0;
    for (; i + kLanes <= dim; i += kLanes) hn::Store(rows.Load(first + column, i), d, out + i);
    for (; i < dim; ++i) out[i] = rows.Get(first + column, i);
    std::fill(out + i, out + padded, 0.0F);
  }
}

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
