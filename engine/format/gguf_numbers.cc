#include <cstring>

#include "engine/format/gguf_values.h"
#include "engine/format/message.h"

namespace fovea::format {
namespace {

template <typename T>
T Load(const GgufValue& value, std::uint64_t i) {
  T item;
  std::memcpy(&item, value.data + static_cast<std::size_t>(i) * sizeof(T), sizeof(T));
  return item;
}

template <typename T>
Integer LoadSigned(const GgufValue& value, std::uint64_t i) {
  return ToInteger(Load<T>(value, i));
}

template <typename T>
Integer LoadUnsigned(const GgufValue& value, std::uint64_t i) {
  return {false, Load<T>(value, i)};
}

}  // namespace

std::string ToText(const Integer& integer) {
  return Concat({integer.negative ? "-" : "", Number(integer.magnitude)});
}

int Compare(const Integer& a, const Integer& b) {
  if (a.negative != b.negative) return a.negative ? -1 : 1;
  if (a.magnitude == b.magnitude) return 0;
  return (a.magnitude < b.magnitude) != a.negative ? -1 : 1;
}

Integer ToInteger(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  return value < 0 ? Integer{true, ~bits + 1} : Integer{false, bits};
}

Integer ReadInteger(const GgufValue& value, std::uint64_t i) {
  switch (value.element) {
    case GgufValueType::kUint8:
    case GgufValueType::kBool: return LoadUnsigned<std::uint8_t>(value, i);
    case GgufValueType::kInt8: return LoadSigned<std::int8_t>(value, i);
    case GgufValueType::kUint16: return LoadUnsigned<std::uint16_t>(value, i);
    case GgufValueType::kInt16: return LoadSigned<std::int16_t>(value, i);
    case GgufValueType::kUint32: return LoadUnsigned<std::uint32_t>(value, i);
    case GgufValueType::kInt32: return LoadSigned<std::int32_t>(value, i);
    case GgufValueType::kUint64: return LoadUnsigned<std::uint64_t>(value, i);
    case GgufValueType::kInt64: return LoadSigned<std::int64_t>(value, i);
    default: return {};
  }
}

double ReadFloat(const GgufValue& value, std::uint64_t i) {
  if (value.element == GgufValueType::kFloat32) return static_cast<double>(Load<float>(value, i));
  return Load<double>(value, i);
}

std::string_view ReadText(const GgufValue& value) {
  return {reinterpret_cast<const char*>(value.data), static_cast<std::size_t>(value.count)};
}

std::vector<std::string_view> ReadTexts(const GgufValue& value) {
  std::vector<std::string_view> texts(static_cast<std::size_t>(value.count));
  // The lengths were checked against the file when it was parsed.
  const std::byte* at = value.data;
  for (std::string_view& text : texts) {
    std::uint64_t length = 0;
    std::memcpy(&length, at, sizeof(length));
    at += sizeof(length);
    text = {reinterpret_cast<const char*>(at), static_cast<std::size_t>(length)};
    at += text.size();
  }
  return texts;
}

}  // namespace fovea::format
