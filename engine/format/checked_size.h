// The one place where the size and position of something inside a file are computed. Everything
// that the parsers read or skip, from one byte to the largest tensor, was placed here; nothing
// recomputes it.
#ifndef FOVEA_FORMAT_CHECKED_SIZE_H_
#define FOVEA_FORMAT_CHECKED_SIZE_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace fovea::format {

/// What to place: `count` items of `item_bytes` each, at the first multiple of `alignment` (a power
/// of two) that is not before base + offset.
struct PlaceRequest {
  std::uint64_t base = 0;
  std::uint64_t offset = 0;
  std::uint64_t count = 1;
  std::uint64_t item_bytes = 1;
  std::size_t alignment = 1;
};

enum class PlaceFault : std::uint8_t {
  kNone,
  kOverflow,  ///< The size or position does not fit into this machine's size_t.
  kPastEnd,   ///< It would end after `limit`.
};

/// Where it lies. `bytes` is known (for messages) also when the fault is kPastEnd.
struct Placement {
  PlaceFault fault = PlaceFault::kNone;
  std::size_t offset = 0;
  std::size_t bytes = 0;

  bool ok() const { return fault == PlaceFault::kNone; }
  /// The first byte after it; cannot wrap unless the fault is kOverflow.
  std::size_t end() const { return offset + bytes; }
};

/// Places the request inside [0, limit).
Placement Place(const PlaceRequest& request, std::size_t limit);

/// The product of the factors in *product; false if it does not fit into size_t.
bool CheckedProduct(std::span<const std::uint64_t> factors, std::size_t* product);

}  // namespace fovea::format

#endif  // FOVEA_FORMAT_CHECKED_SIZE_H_
