// The bytes of a whole file: mapped read-only, or read into memory.
#ifndef FOVEA_PLATFORM_FILE_BYTES_H_
#define FOVEA_PLATFORM_FILE_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "platform/aligned_buffer.h"

namespace fovea::platform {

enum class FileErrorCode : std::uint8_t {
  kNotFound,     ///< No such file, or a part of its path is missing.
  kOutOfMemory,  ///< No memory for its bytes.
  kOther,        ///< All else: not allowed, a folder, a read that failed, …
};

struct FileError {
  FileErrorCode code = FileErrorCode::kOther;
  /// The reason alone ("No such file or directory", "is a directory"), without the path.
  std::string reason;
};

/// Owns the bytes. Movable; the span stays valid across moves.
class FileBytes {
 public:
  enum class Access { kRead, kMap };

  FileBytes() = default;
  FileBytes(FileBytes&& other) noexcept;
  FileBytes& operator=(FileBytes&& other) noexcept;
  ~FileBytes();

  /// Opens a regular file. On failure returns false and sets `error` if it is not null.
  /// kMap of an empty file gives an empty span. Handles short reads and EINTR.
  /// kRead takes the memory from `source`, which must outlive the bytes.
  static bool Open(const std::string& path, Access access, FileBytes* out, FileError* error,
                   const MemorySource& source = {});

  /// Bytes of its own with the contents of others; false if there is no memory.
  static bool Copy(std::span<const std::byte> bytes, FileBytes* out,
                   const MemorySource& source = {});

  std::span<const std::byte> bytes() const { return bytes_; }
  /// The same bytes for their owner to change: empty if they are mapped.
  std::span<std::byte> mutable_bytes() {
    return mapped_ ? std::span<std::byte>() : std::span(buffer_.data(), bytes_.size());
  }
  bool mapped() const { return mapped_; }

 private:
  std::span<const std::byte> bytes_;
  AlignedBuffer buffer_;
  bool mapped_ = false;
};

}  // namespace fovea::platform

#endif  // FOVEA_PLATFORM_FILE_BYTES_H_
