#include "platform/file_bytes.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <limits>
#include <system_error>
#include <utility>

namespace fovea::platform {
namespace {

bool Fail(const std::string& reason, FileError* error, FileErrorCode code = FileErrorCode::kOther) {
  if (error != nullptr) *error = {.code = code, .reason = reason};
  return false;
}

bool FailWithErrno(int number, FileError* error) {
  const bool missing = number == ENOENT || number == ENOTDIR;
  return Fail(std::generic_category().message(number), error,
              missing ? FileErrorCode::kNotFound : FileErrorCode::kOther);
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  int get() const { return value_; }

 private:
  int value_;
};

/// Reads until `bytes` are there or the file ends; the count read, or -1 and errno.
ssize_t ReadFully(int descriptor, std::byte* to, std::size_t bytes) {
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t got = ::read(descriptor, to + done, bytes - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(done);
}

}  // namespace

FileBytes::FileBytes(FileBytes&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})),
      buffer_(std::move(other.buffer_)),
      mapped_(std::exchange(other.mapped_, false)) {}

FileBytes& FileBytes::operator=(FileBytes&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(buffer_, other.buffer_);
  std::swap(mapped_, other.mapped_);
  return *this;
}

FileBytes::~FileBytes() {
  if (mapped_) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

bool FileBytes::Copy(std::span<const std::byte> bytes, FileBytes* out, const MemorySource& source) {
  FileBytes result;
  if (!bytes.empty()) {
    result.buffer_ = AlignedBuffer::Allocate(bytes.size(), AlignedBuffer::Pages::kHuge, source);
    if (!result.buffer_) return false;
    std::memcpy(result.buffer_.data(), bytes.data(), bytes.size());
  }
  result.bytes_ = {result.buffer_.data(), bytes.size()};
  *out = std::move(result);
  return true;
}

bool FileBytes::Open(const std::string& path, Access access, FileBytes* out, FileError* error,
                     const MemorySource& source) {
  // O_NONBLOCK: opening a FIFO that nobody writes must not wait; for regular files it means
  // nothing.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return FailWithErrno(errno, error);
  struct stat info = {};
  if (::fstat(file.get(), &info) != 0) return FailWithErrno(errno, error);
  if (S_ISDIR(info.st_mode)) return Fail("is a directory", error);
  if (!S_ISREG(info.st_mode)) return Fail("is not a regular file", error);
  const auto size = static_cast<std::uint64_t>(info.st_size);
  constexpr auto kMaxValue = static_cast<std::uint64_t>(std::numeric_limits<std::ptrdiff_t>::max());
  if (size > kMaxValue) {  // On 32-bit machines.
    return Fail(std::to_string(size) + " bytes are more than this machine can address; at most " +
                    std::to_string(kMaxValue) + " are possible",
                error);
  }
  const std::string no_memory = "not enough memory for " + std::to_string(size) + " bytes";
  const auto bytes = static_cast<std::size_t>(size);

  FileBytes result;
  if (access == Access::kMap) {
    if (bytes > 0) {
      void* map = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, file.get(), 0);
      if (map == MAP_FAILED) return FailWithErrno(errno, error);
      result.bytes_ = {static_cast<const std::byte*>(map), bytes};
      result.mapped_ = true;
    }
    *out = std::move(result);
    return true;
  }

  if (bytes > 0) {
    result.buffer_ = AlignedBuffer::Allocate(bytes, AlignedBuffer::Pages::kHuge, source);
    if (!result.buffer_) return Fail(no_memory, error, FileErrorCode::kOutOfMemory);
  }
  const ssize_t got = ReadFully(file.get(), result.buffer_.data(), bytes);
  if (got < 0) return FailWithErrno(errno, error);
  std::byte beyond = {};
  const ssize_t more = ReadFully(file.get(), &beyond, 1);
  if (more < 0) return FailWithErrno(errno, error);
  if (static_cast<std::size_t>(got) != bytes || more != 0) {
    return Fail("changed its size while it was read", error);
  }
  result.bytes_ = {result.buffer_.data(), bytes};
  *out = std::move(result);
  return true;
}

}  // namespace fovea::platform
