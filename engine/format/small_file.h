// Files that are read as a whole, up to a limit: vocabularies and merges of model folders.
#ifndef FOVEA_FORMAT_SMALL_FILE_H_
#define FOVEA_FORMAT_SMALL_FILE_H_

#include <cstddef>
#include <string>

#include "fovea/status.h"
#include "platform/file_bytes.h"

namespace fovea::format {

/// kNotFound, kIoError or kOutOfMemory if it cannot be read, kLimitExceeded if it is larger. All
/// name the file.
Result<platform::FileBytes> ReadSmallFile(const std::string& path, std::size_t max_bytes);

}  // namespace fovea::format

#endif  // FOVEA_FORMAT_SMALL_FILE_H_
