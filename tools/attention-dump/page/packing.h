// Arrays as bytes that compress well, and the compression itself: byte planes and raw deflate,
// which is what a browser's DecompressionStream calls "deflate-raw".
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_PAGE_PACKING_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_PAGE_PACKING_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fovea::dump {

/// The most significant byte of every number, then the next of every number, … : neighbouring
/// numbers differ least in their first bytes.
template <typename Unsigned>
std::string BytePlanes(std::span<const Unsigned> numbers) {
  std::string planes(numbers.size() * sizeof(Unsigned), '\0');
  char* out = planes.data();
  for (std::size_t byte = sizeof(Unsigned); byte-- > 0;) {
    for (const Unsigned number : numbers) {
      *out++ = static_cast<char>((number >> (8 * byte)) & 0xFFU);
    }
  }
  return planes;
}

/// Byte planes of the bits of the floats.
std::string FloatPlanes(std::span<const float> numbers);

/// Little-endian, number after number.
std::string FloatBytes(std::span<const float> numbers);

enum class PackEffort { kFast, kSmall };

/// Raw deflate. Empty if memory ran out.
std::string Deflate(std::string_view bytes, PackEffort effort = PackEffort::kFast);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_PAGE_PACKING_H_
