// A file that appears whole or not at all: bytes go to a temporary neighbour, and Commit renames it
// to its final name. Whatever fails before that leaves nothing behind and an existing file
// untouched.
#ifndef FOVEA_PLATFORM_ATOMIC_FILE_H_
#define FOVEA_PLATFORM_ATOMIC_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>

namespace fovea::platform {

/// Every function that fails returns false and, if `error` is not null, sets it to the reason alone
/// ("No space left on device"), without the path.
class AtomicFile {
 public:
  /// Whether Commit waits until the bytes are on the disk (survives a power cut) or only in its
  /// cache.
  enum class Durability { kCached, kSynced };

  AtomicFile() = default;
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  /// Discards the file if it was not committed.
  ~AtomicFile();

  /// Opens an empty temporary file in the folder of `path`. Refused if `path` names a folder, a
  /// device or another thing that is no regular file; a symbolic link is followed.
  static bool Create(const std::string& path, AtomicFile* out, std::string* error);

  /// Appends at position().
  bool Write(const void* data, std::size_t bytes, std::string* error);

  /// Writes at `offset`; never moves position(). Threads may call it at the same time on ranges
  /// that do not overlap. A gap that nobody writes reads as zeros and takes no space where the
  /// system can do so.
  bool WriteAt(std::uint64_t offset, const void* data, std::size_t bytes, std::string* error);

  /// Reads back what was written; false if fewer bytes are there. Thread-safe as WriteAt is.
  bool ReadAt(std::uint64_t offset, void* data, std::size_t bytes, std::string* error) const;

  /// Cuts or extends (with zeros) to `bytes`; never moves position().
  bool Resize(std::uint64_t bytes, std::string* error = nullptr);

  /// Where the next Write goes. Seek moves it, so that a header can be left out and filled in
  /// later.
  std::uint64_t position() const { return position_; }
  void Seek(std::uint64_t position) { position_ = position; }

  /// Closes and gives the file its final name, replacing an older one. After a failure it is
  /// discarded.
  bool Commit(std::string* error, Durability durability = Durability::kCached);

  /// Closes and removes the temporary file; harmless if there is none.
  void Discard();

  bool is_open() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
  std::uint64_t position_ = 0;
  std::string path_;
  std::string temporary_path_;
};

}  // namespace fovea::platform

#endif  // FOVEA_PLATFORM_ATOMIC_FILE_H_
