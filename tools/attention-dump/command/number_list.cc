#include "tools/attention-dump/command/number_list.h"

#include <limits>

#include "tools/common/numbers.h"

namespace fovea::dump {

using tools::ParseNumber;

namespace {

std::string_view Trimmed(std::string_view text) {
  const char* kSpaces = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(Trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

std::optional<std::vector<Range>> ParseRanges(std::string_view text) {
  std::vector<Range> ranges;
  for (const std::string_view part : Split(text, ',')) {
    const std::size_t dash = part.find('-');
    const std::optional<std::uint64_t> first = ParseNumber(part.substr(0, dash));
    const std::optional<std::uint64_t> last =
        dash == std::string_view::npos ? first : ParseNumber(part.substr(dash + 1));
    if (!first || !last || *last < *first) return std::nullopt;
    ranges.push_back({*first, *last});
  }
  return ranges;
}

std::optional<std::vector<std::int32_t>> ParseIds(std::string_view text) {
  std::vector<std::int32_t> ids;
  for (const std::string_view part : Split(text, ',')) {
    const std::optional<std::uint64_t> id = ParseNumber(part);
    if (!id || *id > static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max())) {
      return std::nullopt;
    }
    ids.push_back(static_cast<std::int32_t>(*id));
  }
  return ids;
}

Result<std::vector<std::size_t>> Select(const std::vector<Range>& ranges, std::size_t count,
                                        const std::string& what) {
  std::vector<bool> wanted(count, ranges.empty());
  for (const Range& range : ranges) {
    if (range.last >= count) {
      const std::uint64_t missing = range.first >= count ? range.first : range.last;
      return Status(StatusCode::kInvalidArgument, what + " " + std::to_string(missing) +
                                                      " does not exist; the model has " + what +
                                                      "s 0 to " + std::to_string(count - 1));
    }
    const auto last = static_cast<std::size_t>(range.last);
    for (auto i = static_cast<std::size_t>(range.first); i <= last; ++i) wanted[i] = true;
  }
  std::vector<std::size_t> selected;
  for (std::size_t i = 0; i < count; ++i) {
    if (wanted[i]) selected.push_back(i);
  }
  return selected;
}

}  // namespace fovea::dump
