#include "platform/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <system_error>
#include <utility>

namespace fovea::platform {
namespace {

constexpr int kNameAttempts = 100;
constexpr std::uint64_t kMaxOffset = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());

bool Fail(const std::string& reason, std::string* error) {
  if (error != nullptr) *error = reason;
  return false;
}

bool FailWithErrno(int code, std::string* error) {
  return Fail(std::generic_category().message(code), error);
}

bool RangeFits(std::uint64_t offset, std::size_t bytes) {
  return offset <= kMaxOffset && bytes <= kMaxOffset - offset;
}

/// The file that `path` leads to, links followed; refuses what a rename must not replace.
bool ResolveTarget(const std::string& path, std::string* resolved, std::string* error) {
  struct stat info = {};
  *resolved = path;
  if (::lstat(path.c_str(), &info) != 0) {
    return errno == ENOENT || FailWithErrno(errno, error);
  }
  if (S_ISLNK(info.st_mode)) {
    char* real = ::realpath(path.c_str(), nullptr);
    if (real == nullptr) return FailWithErrno(errno, error);
    *resolved = real;
    std::free(real);
    if (::stat(resolved->c_str(), &info) != 0) return FailWithErrno(errno, error);
  }
  if (S_ISDIR(info.st_mode)) return Fail("is a directory", error);
  if (!S_ISREG(info.st_mode)) return Fail("is not a regular file", error);
  return true;
}

/// A name beside `path`, short enough whatever the length of the final name.
std::string TemporaryName(const std::string& path, int attempt) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  const auto ticks = std::chrono::steady_clock::now().time_since_epoch().count();
  return folder + ".fovea-" + std::to_string(::getpid()) + "-" + std::to_string(ticks) + "-" +
         std::to_string(attempt) + ".tmp";
}

}  // namespace

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      position_(std::exchange(other.position_, 0)),
      path_(std::move(other.path_)),
      temporary_path_(std::move(other.temporary_path_)) {}

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  if (this == &other) return *this;
  Discard();
  descriptor_ = std::exchange(other.descriptor_, -1);
  position_ = std::exchange(other.position_, 0);
  path_ = std::move(other.path_);
  temporary_path_ = std::move(other.temporary_path_);
  return *this;
}

AtomicFile::~AtomicFile() {
  Discard();
}

bool AtomicFile::Create(const std::string& path, AtomicFile* out, std::string* error) {
  AtomicFile file;
  if (path.empty()) return FailWithErrno(ENOENT, error);
  if (path.back() == '/') return Fail("is a directory", error);
  if (!ResolveTarget(path, &file.path_, error)) return false;
  for (int attempt = 0; attempt < kNameAttempts; ++attempt) {
    file.temporary_path_ = TemporaryName(file.path_, attempt);
    // 0666 less the umask: the mode that any newly created file has.
    file.descriptor_ =
        ::open(file.temporary_path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file.descriptor_ >= 0) {
      *out = std::move(file);
      return true;
    }
    if (errno != EEXIST && errno != EINTR) break;
  }
  return FailWithErrno(errno, error);
}

bool AtomicFile::Write(const void* data, std::size_t bytes, std::string* error) {
  if (!WriteAt(position_, data, bytes, error)) return false;
  position_ += bytes;
  return true;
}

bool AtomicFile::WriteAt(std::uint64_t offset, const void* data, std::size_t bytes,
                         std::string* error) {
  if (!is_open()) return FailWithErrno(EBADF, error);
  if (!RangeFits(offset, bytes)) return FailWithErrno(EFBIG, error);
  const char* from = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = ::pwrite(descriptor_, from, bytes, static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FailWithErrno(errno, error);
    if (written == 0) return FailWithErrno(ENOSPC, error);
    from += written;
    offset += static_cast<std::uint64_t>(written);
    bytes -= static_cast<std::size_t>(written);
  }
  return true;
}

bool AtomicFile::ReadAt(std::uint64_t offset, void* data, std::size_t bytes,
                        std::string* error) const {
  if (!is_open()) return FailWithErrno(EBADF, error);
  if (!RangeFits(offset, bytes)) return FailWithErrno(EFBIG, error);
  char* to = static_cast<char*>(data);
  while (bytes > 0) {
    const ssize_t got = ::pread(descriptor_, to, bytes, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FailWithErrno(errno, error);
    if (got == 0) return Fail("unexpected end of file", error);
    to += got;
    offset += static_cast<std::uint64_t>(got);
    bytes -= static_cast<std::size_t>(got);
  }
  return true;
}

bool AtomicFile::Resize(std::uint64_t bytes, std::string* error) {
  if (!is_open()) return FailWithErrno(EBADF, error);
  if (!RangeFits(bytes, 0)) return FailWithErrno(EFBIG, error);
  while (::ftruncate(descriptor_, static_cast<off_t>(bytes)) != 0) {
    if (errno != EINTR) return FailWithErrno(errno, error);
  }
  return true;
}

bool AtomicFile::Commit(std::string* error, Durability durability) {
  if (!is_open()) return FailWithErrno(EBADF, error);
  int code = 0;
  if (durability == Durability::kSynced && ::fsync(descriptor_) != 0) code = errno;
  // Network file systems and quotas report a full disk only here. After EINTR the descriptor is
  // closed.
  if (::close(std::exchange(descriptor_, -1)) != 0 && errno != EINTR && code == 0) code = errno;
  if (code == 0 && ::rename(temporary_path_.c_str(), path_.c_str()) != 0) code = errno;
  if (code != 0) {
    ::unlink(temporary_path_.c_str());
    return FailWithErrno(code, error);
  }
  return true;
}

void AtomicFile::Discard() {
  if (!is_open()) return;
  ::close(std::exchange(descriptor_, -1));
  ::unlink(temporary_path_.c_str());
}

}  // namespace fovea::platform
