// Values of options as typed on the command line, for both tools. Every error is one line that
// begins with the option it is about.
#ifndef FOVEA_TOOLS_COMMON_OPTION_VALUES_H_
#define FOVEA_TOOLS_COMMON_OPTION_VALUES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <fovea/status.h>

namespace fovea::tools {

/// An error of the command line.
Status Usage(const std::string& message);

/// A whole number from `least` to `most`. Here and below an empty `given` (the option was not
/// given) leaves the value as it is.
Status ReadCount(const char* option, const std::optional<std::string>& given, std::size_t least,
                 std::size_t most, std::size_t* count);

/// A size like 500M or 2G, not 0.
Status ReadBytes(const char* option, const std::optional<std::string>& given, std::uint64_t* bytes);

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_COMMON_OPTION_VALUES_H_
