#include "tools/attention-dump/base/numbers_text.h"

#include <array>
#include <charconv>
#include <cmath>

namespace fovea::dump {
namespace {

/// Enough for any double with a few decimals.
constexpr std::size_t kCharacters = 400;

}  // namespace

std::string FixedNumber(double value, int decimals) {
  std::array<char, kCharacters> text = {};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                 std::chars_format::fixed, decimals);
  std::string number(text.data(), end.ptr);
  const bool zero = number.find_first_not_of("-0.") == std::string::npos;
  return zero && number.front() == '-' ? number.substr(1) : number;
}

std::string SignedNumber(double value, int decimals) {
  std::string number = FixedNumber(value, decimals);
  const bool zero = number.find_first_not_of("0.") == std::string::npos;
  if (value > 0.0 && !zero) number.insert(0, 1, '+');
  return number;
}

std::string ExactNumber(double value) {
  std::array<char, kCharacters> text = {};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

}  // namespace fovea::dump
