#include <charconv>

#include "engine/format/gguf_values.h"
#include "engine/format/message.h"

namespace fovea::format {
namespace {

std::string FloatText(double number, bool narrow) {
  // Shortest text that reads back as the same float or double.
  char buffer[40];
  const auto result =
      narrow ? std::to_chars(buffer, buffer + sizeof(buffer), static_cast<float>(number))
             : std::to_chars(buffer, buffer + sizeof(buffer), number);
  return std::string(buffer, result.ptr);
}

}  // namespace

std::string DescribeValue(const GgufValue& value) {
  if (value.type == GgufValueType::kArray) {
    return Concat({"[", Number(value.count), " ", ValueTypeName(value.element),
                   value.count == 1 ? "]" : "s]"});
  }
  if (value.type == GgufValueType::kString) return Escaped(ReadText(value));
  if (IsFloat(value.type)) {
    return FloatText(ReadFloat(value, 0), value.type == GgufValueType::kFloat32);
  }
  if (value.type == GgufValueType::kBool) {
    return ReadInteger(value, 0).magnitude != 0 ? "true" : "false";
  }
  return ToText(ReadInteger(value, 0));
}

}  // namespace fovea::format
