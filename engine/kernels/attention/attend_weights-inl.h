// The weights of finished rows, from the numerators that the softmax left in their place. Compiled
// once per target.
#if defined(FOVEA_KERNELS_ATTEND_WEIGHTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_ATTEND_WEIGHTS_INL_H_
#undef FOVEA_KERNELS_ATTEND_WEIGHTS_INL_H_
#else
#define FOVEA_KERNELS_ATTEND_WEIGHTS_INL_H_
#endif

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "engine/kernels/attention/attend_args.h"
#include "engine/kernels/attention/attend_rows-inl.h"
#include "engine/kernels/elementwise/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET
namespace {

/// The maxima of the splits of a row.
HWY_INLINE float* SplitMaxima(const AttendTileArgs& args, std::size_t row) {
  return args.split_max + row * SplitMaxFloats(args.key_count);
}

/// The keys [begin, end) of a row of NaN; those that the padding mask hides have weight 0.
HWY_INLINE void FinishNanWeights(const AttendTileArgs& args, std::size_t begin, std::size_t end,
                                 float* weights) {
  for (std::size_t key = begin; key < end; ++key) {
    const bool hidden = args.key_valid != nullptr && args.key_valid[key] == 0;
    weights[key] = hidden ? 0.0F : std::numeric_limits<float>::quiet_NaN();
  }
}

/// Turns the numerators of a row, each relative to the maximum of its split, into weights. sums:
/// those of the whole row.
HWY_INLINE void FinishWeights(const AttendTileArgs& args, std::size_t row, const RowSums& sums) {
  const F32Tag d;
  const std::size_t begin = std::min(args.key_begin[row], args.key_count);
  const std::size_t end = std::max(begin, args.key_end[row]);
  float* weights = args.weights + row * args.weights_stride;
  std::fill(weights, weights + begin, 0.0F);
  std::fill(weights + end, weights + args.key_count, 0.0F);
  if (args.scores != nullptr) {
    float* scores = args.scores + row * args.weights_stride;
    std::fill(scores, scores + begin, kMinusInfinity);
    std::fill(scores + end, scores + args.key_count, kMinusInfinity);
  }
  if (begin == end) return;

  const std::size_t first_split = begin / kKvSplit;
  const std::size_t last_split = (end - 1) / kKvSplit;
  float* factors = SplitMaxima(args, row);
  const F32 max = hn::Set(d, Shift(sums.max));
  const F32 inverse = hn::Set(d, Inverse(sums));
  for (std::size_t split = first_split / kLanes * kLanes; split <= last_split; split += kLanes) {
    const F32 difference = hn::Sub(hn::Load(d, factors + split), max);
    hn::Store(hn::Mul(ExpNonPositive(difference), inverse), d, factors + split);
  }
  if (std::isnan(sums.sum)) return FinishNanWeights(args, begin, end, weights);
  for (std::size_t split = first_split; split <= last_split; ++split) {
    const F32 factor = hn::Set(d, factors[split]);
    const std::size_t split_end = std::min(PaddedDim(end), (split + 1) * kKvSplit);
    std::size_t i = std::max(begin / kKvBlock * kKvBlock, split * kKvSplit);
    for (; i < split_end; i += kLanes) {
      hn::Store(hn::Mul(hn::Load(d, weights + i), factor), d, weights + i);
    }
  }
}

}  // namespace
#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
