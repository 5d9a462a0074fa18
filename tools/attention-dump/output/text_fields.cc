#include "tools/attention-dump/output/text_fields.h"

#include <array>
#include <charconv>
#include <cmath>

#include "fovea/half.h"

namespace fovea::dump {

void NumberWriter::Append(float value, std::string* out) const {
  // Five significant digits tell all halves apart; for floats to_chars finds the shortest.
  const float stored = half_ ? HalfToFloat(FloatToHalf(value)) : value;
  if (!std::isfinite(stored)) {
    *out += not_a_number_;
    return;
  }
  std::array<char, 32> digits{};
  char* const begin = digits.data();
  char* const limit = begin + digits.size();
  const auto result = half_ ? std::to_chars(begin, limit, stored, std::chars_format::general, 5)
                            : std::to_chars(begin, limit, stored);
  out->append(begin, result.ptr);
}

std::string QuotedField(const std::string& field) {
  // Line breaks may stand in a quoted field but make the file hard to read by line; display pieces
  // hold none.
  std::string quoted = "\"";
  for (const char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace fovea::dump
