// Reads little-endian numbers and length-prefixed strings from a file's bytes, never past their
// end.
#ifndef FOVEA_FORMAT_BYTE_READER_H_
#define FOVEA_FORMAT_BYTE_READER_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "engine/format/checked_size.h"

namespace fovea::format {

static_assert(std::endian::native == std::endian::little,
              "GGUF is read in place as little-endian: this host's byte order is not supported");

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::size_t position() const { return position_; }
  std::size_t size() const { return bytes_.size(); }
  std::size_t remaining() const { return bytes_.size() - position_; }
  const std::byte* here() const { return bytes_.data() + position_; }
  /// To a position that this reader had before.
  void Rewind(std::size_t position) { position_ = position; }

  /// All return false and stay where they are if the bytes end first.
  template <typename T>
  [[nodiscard]] bool Read(T* value) {
    static_assert(std::is_arithmetic_v<T>);
    const std::byte* from = here();
    if (!Skip(1, sizeof(T))) return false;
    std::memcpy(value, from, sizeof(T));
    return true;
  }

  [[nodiscard]] bool Skip(std::uint64_t count, std::size_t item_bytes) {
    const Placement place =
        Place({.base = position_, .count = count, .item_bytes = item_bytes}, bytes_.size());
    if (!place.ok()) return false;
    position_ = place.end();
    return true;
  }

  /// A 64-bit length and that many bytes.
  [[nodiscard]] bool ReadString(std::string_view* text) {
    const std::size_t start = position_;
    std::uint64_t length = 0;
    if (!Read(&length)) return false;
    const auto* from = reinterpret_cast<const char*>(here());
    if (!Skip(length, 1)) {
      position_ = start;
      return false;
    }
    *text = {from, static_cast<std::size_t>(length)};
    return true;
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
};

}  // namespace fovea::format

#endif  // FOVEA_FORMAT_BYTE_READER_H_
