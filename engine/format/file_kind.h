// A guess at what a file is when it is not GGUF, for the error message.
#ifndef FOVEA_FORMAT_FILE_KIND_H_
#define FOVEA_FORMAT_FILE_KIND_H_

#include <cstddef>
#include <span>
#include <string_view>

namespace fovea::format {

/// "an empty file", "a safetensors file", …; "an unknown kind of file" if nothing fits.
std::string_view GuessFileKind(std::span<const std::byte> bytes);

}  // namespace fovea::format

#endif  // FOVEA_FORMAT_FILE_KIND_H_
