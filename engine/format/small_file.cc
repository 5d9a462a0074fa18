#include "engine/format/small_file.h"

#include <cstdint>
#include <filesystem>
#include <system_error>

#include "engine/format/message.h"

namespace fovea::format {

Result<platform::FileBytes> ReadSmallFile(const std::string& path, std::size_t max_bytes) {
  const auto too_large = [&](std::uintmax_t bytes) {
    return Status(StatusCode::kLimitExceeded,
                  Concat({path, ": has ", Number(std::uint64_t{bytes}), " bytes, the limit is ",
                          Number(std::uint64_t{max_bytes})}));
  };
  std::error_code unknown;
  const std::uintmax_t bytes = std::filesystem::file_size(path, unknown);
  if (!unknown && bytes > max_bytes) return too_large(bytes);
  platform::FileBytes contents;
  platform::FileError error;
  if (!platform::FileBytes::Open(path, platform::FileBytes::Access::kRead, &contents, &error)) {
    return OpenFailure(path, error);
  }
  if (contents.bytes().size() > max_bytes) return too_large(contents.bytes().size());
  return contents;
}

}  // namespace fovea::format
