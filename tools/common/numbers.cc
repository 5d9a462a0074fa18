#include "tools/common/numbers.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace fovea::tools {

std::optional<std::uint64_t> ParseNumber(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (text.empty() || result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> ParseByteCount(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::optional<std::uint64_t> number = ParseNumber(text.substr(0, digits));
  if (!number) return std::nullopt;
  std::string_view unit = text.substr(digits);
  unsigned shift = 0;
  if (!unit.empty() && unit.front() != 'B') {
    const std::size_t power = std::string_view("KMGT").find(
        static_cast<char>(unit.front() >= 'a' ? unit.front() - 'a' + 'A' : unit.front()));
    if (power == std::string_view::npos) return std::nullopt;
    shift = static_cast<unsigned>(10 * (power + 1));
    unit.remove_prefix(1);
  }
  if (unit != "" && unit != "B" && unit != "iB") return std::nullopt;
  if (*number > (std::numeric_limits<std::uint64_t>::max() >> shift)) return std::nullopt;
  return *number << shift;
}

}  // namespace fovea::tools
