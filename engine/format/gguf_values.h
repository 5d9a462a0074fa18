// Reading the numbers and strings of checked metadata values: the only way to an element, so that
// none is read with the wrong type.
#ifndef FOVEA_FORMAT_GGUF_VALUES_H_
#define FOVEA_FORMAT_GGUF_VALUES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/format/gguf_contents.h"

namespace fovea::format {

/// Any 64-bit integer, signed or not.
struct Integer {
  bool negative = false;  ///< Then the value is -magnitude.
  std::uint64_t magnitude = 0;
};

std::string ToText(const Integer& integer);

/// -1, 0 or 1.
int Compare(const Integer& a, const Integer& b);
Integer ToInteger(std::int64_t value);

/// Element `i` (0 for a scalar) of a value whose element is integral (bool included); i < count.
Integer ReadInteger(const GgufValue& value, std::uint64_t i);

/// Element `i` of a value whose element is a float type.
double ReadFloat(const GgufValue& value, std::uint64_t i);

/// The text of a value whose type is string.
std::string_view ReadText(const GgufValue& value);

/// The texts of an array of strings.
std::vector<std::string_view> ReadTexts(const GgufValue& value);

/// The value for people: "llama", "5", "[2048 strings]".
std::string DescribeValue(const GgufValue& value);

}  // namespace fovea::format

#endif  // FOVEA_FORMAT_GGUF_VALUES_H_
