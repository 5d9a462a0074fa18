#include "tools/common/read_text.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace fovea::tools {
namespace {

constexpr std::size_t kMaxTextBytes = std::size_t{1} << 30;

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};

}  // namespace

Result<std::string> ReadText(const std::string& path) {
  const std::string name = path == "-" ? "standard input" : path;
  const auto fail = [&](const std::string& reason) {
    return Status(StatusCode::kIoError, name + ": " + reason);
  };
  std::unique_ptr<std::FILE, CloseFile> file(path == "-" ? stdin : std::fopen(path.c_str(), "rb"));
  if (file == nullptr) return fail(std::strerror(errno));
  std::string text;
  char buffer[1 << 16];
  errno = 0;
  while (const std::size_t got = std::fread(buffer, 1, sizeof buffer, file.get())) {
    text.append(buffer, got);
    if (text.size() > kMaxTextBytes) return fail("longer than 1 GiB");
  }
  if (std::ferror(file.get()) != 0) return fail(std::strerror(errno));
  return text;
}

}  // namespace fovea::tools
