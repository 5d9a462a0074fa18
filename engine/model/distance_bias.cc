#include "engine/model/distance_bias.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace fovea::model {
namespace {

bool HasDistanceBias(const Hyperparameters& hp) {
  return hp.family->positions == PositionKind::kAlibi ||
         hp.family->positions == PositionKind::kRelativeBuckets;
}

/// Distances 1 - positions … 0 of a causal stack, up to positions - 1 of another.
platform::CheckedSize Distances(const StackInfo& info, std::size_t positions) {
  if (info.causal) return positions;
  return platform::CheckedSize(positions) + (positions - 1);
}

/// The slope of a head: 2^(-max_bias · (head + 1) / heads) for powers of two; other numbers of
/// heads take every second slope of twice the next smaller power for the rest.
float AlibiSlope(std::size_t head, std::size_t heads, float max_bias) {
  const std::size_t power = std::bit_floor(heads);
  const double exponent = head < power ? static_cast<double>(head + 1)
                                       : static_cast<double>(2 * (head - power) + 1) / 2.0;
  return static_cast<float>(
      std::exp2(-static_cast<double>(max_bias) * exponent / static_cast<double>(power)));
}

/// The bucket of key - query: half of a direction's buckets hold one distance each, the others
/// grow logarithmically.
std::size_t BucketOf(std::int64_t distance, const Hyperparameters& hp, bool causal) {
  const std::size_t of_direction = causal ? hp.distance_buckets : hp.distance_buckets / 2;
  const std::size_t base = !causal && distance > 0 ? of_direction : 0;
  const std::int64_t magnitude = causal ? std::max<std::int64_t>(-distance, 0) : std::abs(distance);
  const auto length = static_cast<std::size_t>(magnitude);
  const std::size_t exact = of_direction / 2;
  if (length < exact) return base + length;
  if (length >= hp.max_distance) return base + of_direction - 1;
  const double ratio = std::log(static_cast<double>(length) / static_cast<double>(exact)) /
                       std::log(static_cast<double>(hp.max_distance) / static_cast<double>(exact));
  const auto step =
      static_cast<std::size_t>(std::max(0.0, ratio * static_cast<double>(of_direction - exact)));
  return base + std::min(exact + step, of_direction - 1);
}

}  // namespace

platform::CheckedSize DistanceBiasFloats(const Hyperparameters& hp, const StackInfo& info,
                                         std::size_t positions) {
  if (!HasDistanceBias(hp) || positions == 0) return 0;
  return Distances(info, positions) * info.heads;
}

AttentionBias FillDistanceBias(const Hyperparameters& hp, const StackInfo& info, const Stack& stack,
                               std::size_t positions, std::span<float> table) {
  if (!HasDistanceBias(hp) || positions == 0) return {};
  const std::size_t stride = Distances(info, positions).value();
  const std::size_t zero = positions - 1;
  for (std::size_t head = 0; head < info.heads; ++head) {
    const float slope = AlibiSlope(head, info.heads, hp.alibi_max_bias);
    for (std::size_t i = 0; i < stride; ++i) {
      const std::int64_t distance = static_cast<std::int64_t>(i) - static_cast<std::int64_t>(zero);
      float& bias = table[head * stride + i];
      if (hp.family->positions == PositionKind::kAlibi) {
        bias = -slope * static_cast<float>(std::abs(distance));
      } else {
        const std::size_t bucket = BucketOf(distance, hp, info.causal);
        bias = stack.distance_buckets[bucket * info.heads + head];
      }
    }
  }
  return {.table = table.first(info.heads * stride), .head_stride = stride, .zero = zero};
}

}  // namespace fovea::model
