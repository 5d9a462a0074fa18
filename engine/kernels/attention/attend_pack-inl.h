// Reading cached keys and values as floats, and bringing a tile of them into the float layout that
// the products want. Compiled once per target.
#if defined(FOVEA_KERNELS_ATTEND_PACK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_ATTEND_PACK_INL_H_
#undef FOVEA_KERNELS_ATTEND_PACK_INL_H_
#else
#define FOVEA_KERNELS_ATTEND_PACK_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "engine/kernels/attention/attend_args.h"
#include "engine/kernels/simd/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

/// kLanes stored elements as floats; exact for every type (scales are the caller's).
template <typename Element>
HWY_INLINE F32 LoadElements(const Element* from) {
  const F32Tag d;
  if constexpr (std::is_same_v<Element, float>) {
    return hn::LoadU(d, from);
  } else if constexpr (std::is_same_v<Element, std::int8_t>) {
    const hn::Rebind<std::int32_t, F32Tag> integers;
    return hn::ConvertTo(d,
                         hn::PromoteTo(integers, hn::LoadU(hn::Rebind<Element, F32Tag>(), from)));
  } else {
    return hn::PromoteTo(d, hn::LoadU(hn::Rebind<Element, F32Tag>(), from));
  }
}

/// out[i] = from[i] as float; n is a multiple of 16, out is aligned.
template <typename Element>
HWY_INLINE void UnpackElements(const Element* from, std::size_t n, float* out) {
  const F32Tag d;
  for (std::size_t i = 0; i < n; i += kLanes) hn::Store(LoadElements(from + i), d, out + i);
}

/// Transposes float rows into key blocks: column c of the tile, element i of row `first + c`, goes
/// to packed[c / 16][i][c % 16]. Columns [begin, end); the other columns of their blocks become 0,
/// so that no stale number meets arithmetic. Row j at rows + j * stride bytes.
HWY_INLINE void PackKeys(const std::byte* rows, std::size_t stride, std::size_t first,
                         std::size_t begin, std::size_t end, std::size_t dim, float* packed) {
  const F32x4Tag four;
  const auto row = [&](std::size_t column) HWY_ATTR {
    return reinterpret_cast<const float*>(rows + (first + column) * stride);
  };
  const auto place = [&](std::size_t column) HWY_ATTR {
    return packed + column / kKvBlock * kKvBlock * dim + column % kKvBlock;
  };
  const std::size_t block_begin = begin / kKvBlock * kKvBlock;
  const std::size_t block_end = (end + kKvBlock - 1) / kKvBlock * kKvBlock;
  for (std::size_t column = block_begin; column < begin; ++column) {
    for (std::size_t i = 0; i < dim; ++i) place(column)[i * kKvBlock] = 0.0F;
  }
  for (std::size_t column = end; column < block_end; ++column) {
    for (std::size_t i = 0; i < dim; ++i) place(column)[i * kKvBlock] = 0.0F;
  }
  for (std::size_t column = begin; column < end;) {
    float* out = place(column);
    if (column % 4 != 0 || column + 4 > end) {
      for (std::size_t i = 0; i < dim; ++i) out[i * kKvBlock] = row(column)[i];
      ++column;
      continue;
    }
    std::size_t i = 0;
    for (; i + 4 <= dim; i += 4, out += 4 * kKvBlock) {
      const F32x4 a = hn::LoadU(four, row(column) + i);
      const F32x4 b = hn::LoadU(four, row(column + 1) + i);
      const F32x4 c = hn::LoadU(four, row(column + 2) + i);
      const F32x4 e = hn::LoadU(four, row(column + 3) + i);
      const F32x4 ab_lower = hn::InterleaveLower(four, a, b);
      const F32x4 ab_upper = hn::InterleaveUpper(four, a, b);
      const F32x4 ce_lower = hn::InterleaveLower(four, c, e);
      const F32x4 ce_upper = hn::InterleaveUpper(four, c, e);
      hn::StoreU(hn::ConcatLowerLower(four, ce_lower, ab_lower), four, out);
      hn::StoreU(hn::ConcatUpperUpper(four, ce_lower, ab_lower), four, out + kKvBlock);
      hn::StoreU(hn::ConcatLowerLower(four, ce_upper, ab_upper), four, out + 2 * kKvBlock);
      hn::StoreU(hn::ConcatUpperUpper(four, ce_upper, ab_upper), four, out + 3 * kKvBlock);
    }
    for (; i < dim; ++i, out += kKvBlock) {
      for (std::size_t j = 0; j < 4; ++j) out[j] = row(column + j)[i];
    }
    column += 4;
  }
}

/// packed[c][i] = element i of float row `first + c`, 0 for dim <= i < padded, for the columns
/// [begin, end).
HWY_INLINE void PackValues(const std::byte* rows, std::size_t stride, std::size_t first,
                           std::size_t begin, std::size_t end, std::size_t dim, std::size_t padded,
                           float* packed) {
  for (std::size_t column = begin; column < end; ++column) {
    const float* row = reinterpret_cast<const float*>(rows + (first + column) * stride);
    float* out = packed + column * padded;
    std::copy_n(row, dim, out);
    std::fill(out + dim, out + padded, 0.0F);
  }
}

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
