#include "tools/common/option_values.h"

#include "tools/common/numbers.h"

namespace fovea::tools {

Status Usage(const std::string& message) {
  return {StatusCode::kInvalidArgument, message};
}

Status ReadCount(const char* option, const std::optional<std::string>& given, std::size_t least,
                 std::size_t most, std::size_t* count) {
  if (!given) return Status::Ok();
  const auto number = ParseNumber(*given);
  if (!number || *number < least || *number > most) {
    return Usage(std::string(option) + ": '" + *given + "' is not a number from " +
                 std::to_string(least) + " to " + std::to_string(most));
  }
  *count = static_cast<std::size_t>(*number);
  return Status::Ok();
}

Status ReadBytes(const char* option, const std::optional<std::string>& given,
                 std::uint64_t* bytes) {
  if (!given) return Status::Ok();
  const auto parsed = ParseByteCount(*given);
  if (!parsed || *parsed == 0) {
    return Usage(std::string(option) + ": '" + *given + "' is not a size like 500M or 2G");
  }
  *bytes = *parsed;
  return Status::Ok();
}

}  // namespace fovea::tools
