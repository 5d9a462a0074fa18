#include "engine/kernels/dispatch/kernel_functions.h"

#include "engine/kernels/dispatch/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/quantize/half.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "engine/kernels/simd/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

namespace {

using HalfTag = hn::Rebind<hwy::float16_t, F32Tag>;
using HalfBitsTag = hn::Rebind<std::uint16_t, F32Tag>;

}  // namespace

void FloatsToHalves(const float* x, std::size_t n, std::uint16_t* out) {
  const F32Tag d;
  const HalfTag half;
  const HalfBitsTag bits;
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    hn::StoreU(hn::BitCast(bits, hn::DemoteTo(half, hn::LoadU(d, x + i))), bits, out + i);
  }
  if (i == n) return;
  std::uint16_t lanes[kLanes];
  hn::StoreU(hn::BitCast(bits, hn::DemoteTo(half, LoadFirst(d, x + i, n - i))), bits, lanes);
  std::memcpy(out + i, lanes, (n - i) * sizeof(std::uint16_t));
}

void HalvesToFloats(const std::uint16_t* x, std::size_t n, float* out) {
  const F32Tag d;
  const HalfTag half;
  const HalfBitsTag bits;
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    hn::StoreU(hn::PromoteTo(d, hn::BitCast(half, hn::LoadU(bits, x + i))), d, out + i);
  }
  if (i == n) return;
  std::uint16_t lanes[kLanes] = {};
  std::memcpy(lanes, x + i, (n - i) * sizeof(std::uint16_t));
  StoreFirst(d, hn::PromoteTo(d, hn::BitCast(half, hn::LoadU(bits, lanes))), n - i, out + i);
}

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
