#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "tools/fovea/commands.h"

namespace fovea::tools {

Status Print(const std::string& text) {
  errno = 0;
  const std::size_t written = std::fwrite(text.data(), 1, text.size(), stdout);
  if (written == text.size() && std::fflush(stdout) == 0) return Status::Ok();
  return {StatusCode::kIoError, std::string("standard output: ") + std::strerror(errno)};
}

}  // namespace fovea::tools
