// Numbers as users type them: "17", "1500000", "2G".
#ifndef FOVEA_TOOLS_COMMON_NUMBERS_H_
#define FOVEA_TOOLS_COMMON_NUMBERS_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace fovea::tools {

/// Digits alone; nothing if there is anything else or too many of them.
std::optional<std::uint64_t> ParseNumber(std::string_view text);

/// Bytes: digits, or digits with K, M, G or T (powers of 1024), with or without a "B" or "iB".
std::optional<std::uint64_t> ParseByteCount(std::string_view text);

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_COMMON_NUMBERS_H_
