#include "engine/text/utf8.h"

#include <algorithm>

#include "engine/text/simd128.h"

namespace fovea::text {
namespace {

#if FOVEA_HAS_SIMD128
Bytes128 LoadBytes(const char* bytes) {
  return Bytes128::load_unaligned(reinterpret_cast<const std::int8_t*>(bytes));
}

/// Bytes at the start of `text` that are known to be ASCII, counted in whole vectors.
std::size_t SkipAsciiVectors(std::string_view text) {
  const Bytes128 zero(std::int8_t{0});
  std::size_t i = 0;
  while (i + kBytesPerVector <= text.size() && !xsimd::any(LoadBytes(text.data() + i) < zero)) {
    i += kBytesPerVector;
  }
  return i;
}
#endif

}  // namespace

std::optional<std::size_t> FirstInvalidUtf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
#if FOVEA_HAS_SIMD128
    i += SkipAsciiVectors(text.substr(i));
#endif
    // A vector with a longer character in it (or the tail): go character by character until past
    // it.
    const std::size_t stop = std::min(i + kBytesPerVector, text.size());
    while (i < stop) {
      const Utf8Step step = NextUtf8(text.substr(i));
      if (step.kind != Utf8Step::Kind::kCharacter) return i;
      i += step.size;
    }
  }
  return std::nullopt;
}

std::size_t CountByte(std::string_view text, char byte) {
#if FOVEA_HAS_SIMD128
  const Bytes128 wanted(static_cast<std::int8_t>(byte));
  const Bytes128 zero(std::int8_t{0});
  const Bytes128 one(std::int8_t{1});
  std::size_t count = 0;
  std::size_t i = 0;
  while (i + kBytesPerVector <= text.size()) {
    // A lane of 8 bits holds 127 hits before it has to be emptied.
    Bytes128 hits = zero;
    for (int round = 0; round < 127 && i + kBytesPerVector <= text.size(); ++round) {
      hits += xsimd::select(LoadBytes(text.data() + i) == wanted, one, zero);
      i += kBytesPerVector;
    }
    std::int8_t lanes[kBytesPerVector];
    hits.store_unaligned(lanes);
    for (const std::int8_t lane : lanes) count += static_cast<std::size_t>(lane);
  }
  return count + scalar::CountByte(text.substr(i), byte);
#else
  return scalar::CountByte(text, byte);
#endif
}

namespace scalar {

std::optional<std::size_t> FirstInvalidUtf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Step step = NextUtf8(text.substr(i));
    if (step.kind != Utf8Step::Kind::kCharacter) return i;
    i += step.size;
  }
  return std::nullopt;
}

std::size_t CountByte(std::string_view text, char byte) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), byte));
}

}  // namespace scalar
}  // namespace fovea::text
