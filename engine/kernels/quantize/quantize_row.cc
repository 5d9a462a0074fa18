#include "engine/kernels/dispatch/kernel_functions.h"

#include "engine/kernels/dispatch/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/quantize/quantize_row.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "engine/kernels/quantize/blocks-inl.h"
#include "engine/kernels/quantize/quantized_row.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

void QuantizeRow(const float* x, std::size_t cols, std::int8_t* quants, ActivationBlock* blocks) {
  const F32Tag d;
  const I32Tag di;
  const I32 highest = hn::Set(di, 127);
  const I32 lowest = hn::Set(di, -127);
  constexpr std::size_t kVectors = kActivationBlock / kLanes;
  for (std::size_t b = 0; b < cols / kActivationBlock; ++b) {
    F32 values[kVectors];
    // Magnitudes compare as integers do, and so NaN is the largest of all and cannot get lost.
    I32 largest = hn::Zero(di);
    HWY_UNROLL(8)
    for (std::size_t v = 0; v < kVectors; ++v) {
      values[v] = hn::LoadU(d, x + b * kActivationBlock + v * kLanes);
      largest = hn::Max(largest, hn::BitCast(di, hn::Abs(values[v])));
    }
    const float magnitude = hn::GetLane(hn::BitCast(d, hn::MaxOfLanes(di, largest)));
    const BlockScale scale = ScaleFor(magnitude);
    const F32 inverse = hn::Set(d, scale.inverse);
    I32 sum = hn::Zero(di);
    I32 first_sum = sum;
    HWY_UNROLL(8)
    for (std::size_t v = 0; v < kVectors; ++v) {
      // Only what is not finite reaches beyond the limits, and its sum must not overflow.
      const I32 q = hn::Min(hn::Max(hn::NearestInt(hn::Mul(values[v], inverse)), lowest), highest);
      hn::StoreU(hn::DemoteTo(hn::Rebind<std::int8_t, F32Tag>(), q),
                 hn::Rebind<std::int8_t, F32Tag>(), quants + b * kActivationBlock + v * kLanes);
      sum = hn::Add(sum, q);
      if (v + 1 == kVectors / 2) first_sum = sum;
    }
    const std::int32_t total = hn::GetLane(hn::SumOfLanes(di, sum));
    blocks[b] = {scale.scale, scale.scale * static_cast<float>(total), total,
                 hn::GetLane(hn::SumOfLanes(di, first_sum))};
  }
}

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
