// A file of vectors of one length, written one after the other: an .npy array [vectors, length] of
// float32.
#ifndef FOVEA_TOOLS_FOVEA_VECTOR_FILE_H_
#define FOVEA_TOOLS_FOVEA_VECTOR_FILE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <fovea/status.h>

#include "platform/atomic_file.h"

namespace fovea::tools {

/// Without a successful Finish nothing appears under the file's name. Errors name the file.
class VectorFile {
 public:
  /// kIoError if the file cannot be made, kInvalidArgument if its name does not end with .npy.
  static Result<VectorFile> Create(const std::string& path, std::size_t length);

  /// vector: [length]
  Status Append(std::span<const float> vector);
  Status Finish();

 private:
  VectorFile(std::string path, std::size_t length) : path_(std::move(path)), length_(length) {}
  Status Failed(const std::string& reason) const {
    return {StatusCode::kIoError, path_ + ": " + reason};
  }

  std::string path_;
  std::size_t length_;
  std::uint64_t vectors_ = 0;
  platform::AtomicFile file_;
};

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_FOVEA_VECTOR_FILE_H_
