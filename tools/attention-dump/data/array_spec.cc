#include "tools/attention-dump/data/array_spec.h"

#include <limits>

namespace fovea::dump {
namespace {

constexpr std::uint64_t kMaxBytes = std::numeric_limits<std::int64_t>::max() / 2;

}  // namespace

std::size_t ElementBytes(ElementType type) {
  return type == ElementType::kF16 ? 2 : 4;
}

Result<std::uint64_t> ArrayBytes(ElementType type, const Shape& shape) {
  std::uint64_t bytes = ElementBytes(type);
  for (const std::uint64_t length : shape) {
    if (length != 0 && bytes > kMaxBytes / length) {
      return Status(StatusCode::kLimitExceeded, "the array would be too large for any file");
    }
    bytes *= length;
  }
  return bytes;
}

}  // namespace fovea::dump
