// Reads the fields of a protocol buffer message (https://protobuf.dev/programming-guides/encoding)
// one after another, never past its end. Groups, which are deprecated, are refused.
#ifndef FOVEA_FORMAT_WIRE_READER_H_
#define FOVEA_FORMAT_WIRE_READER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace fovea::format {

struct WireField {
  enum class Kind : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
  std::uint32_t number = 0;
  Kind kind = Kind::kVarint;
  std::uint64_t value = 0;           ///< Of all kinds but kBytes.
  std::span<const std::byte> bytes;  ///< Of kBytes.
};

class WireReader {
 public:
  explicit WireReader(std::span<const std::byte> message) : rest_(message) {}

  bool AtEnd() const { return rest_.empty(); }
  /// How many bytes of the message are left.
  std::size_t remaining() const { return rest_.size(); }

  /// False if what follows is no field.
  [[nodiscard]] bool Next(WireField* field) {
    std::uint64_t key = 0;
    if (!ReadVarint(&key)) return false;
    const std::uint64_t number = key >> 3U;
    if (number == 0 || number > 0x1FFFFFFFU) return false;
    field->number = static_cast<std::uint32_t>(number);
    field->kind = static_cast<WireField::Kind>(key & 7U);
    field->bytes = {};
    field->value = 0;
    switch (field->kind) {
      case WireField::Kind::kVarint: return ReadVarint(&field->value);
      case WireField::Kind::kFixed64: return ReadFixed(8, &field->value);
      case WireField::Kind::kFixed32: return ReadFixed(4, &field->value);
      case WireField::Kind::kBytes: {
        std::uint64_t size = 0;
        if (!ReadVarint(&size) || size > rest_.size()) return false;
        field->bytes = rest_.first(static_cast<std::size_t>(size));
        rest_ = rest_.subspan(static_cast<std::size_t>(size));
        return true;
      }
    }
    return false;
  }

 private:
  bool ReadVarint(std::uint64_t* value) {
    *value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<std::uint64_t>(rest_.front());
      rest_ = rest_.subspan(1);
      if (shift == 63 && byte > 1) return false;
      *value |= (byte & 0x7FU) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  bool ReadFixed(std::size_t size, std::uint64_t* value) {
    if (rest_.size() < size) return false;
    std::memcpy(value, rest_.data(), size);  // Little-endian, as this library demands of its host.
    rest_ = rest_.subspan(size);
    return true;
  }

  std::span<const std::byte> rest_;
};

}  // namespace fovea::format

#endif  // FOVEA_FORMAT_WIRE_READER_H_
