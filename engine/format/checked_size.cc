#include "engine/format/checked_size.h"

#include <limits>

#include "platform/checked_math.h"

namespace fovea::format {
namespace {

using platform::CheckedSize;

/// A file's 64-bit number as a size of this machine, overflowed if it does not fit (32-bit hosts).
CheckedSize FromFile(std::uint64_t value) {
  constexpr std::size_t kMax = std::numeric_limits<std::size_t>::max();
  if constexpr (kMax < std::numeric_limits<std::uint64_t>::max()) {
    if (value > kMax) return CheckedSize(kMax) + 1;
  }
  return static_cast<std::size_t>(value);
}

}  // namespace

Placement Place(const PlaceRequest& request, std::size_t limit) {
  const CheckedSize start =
      (FromFile(request.base) + FromFile(request.offset)).AlignedUp(request.alignment);
  const CheckedSize bytes = FromFile(request.count) * FromFile(request.item_bytes);
  const CheckedSize end = start + bytes;
  if (!end.ok()) return {.fault = PlaceFault::kOverflow};
  const PlaceFault fault = end.value() > limit ? PlaceFault::kPastEnd : PlaceFault::kNone;
  return {.fault = fault, .offset = start.value(), .bytes = bytes.value()};
}

bool CheckedProduct(std::span<const std::uint64_t> factors, std::size_t* product) {
  CheckedSize all = 1;
  for (const std::uint64_t factor : factors) all = all * FromFile(factor);
  *product = all.value();
  return all.ok();
}

}  // namespace fovea::format
