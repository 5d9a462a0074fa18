// The .npy format (version 1.0): a header with type and shape, then the elements.
#ifndef FOVEA_TOOLS_COMMON_NPY_FORMAT_H_
#define FOVEA_TOOLS_COMMON_NPY_FORMAT_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fovea::tools {

/// Every header is padded to this size whatever the shape, so that elements can be written before
/// the final shape is known. A multiple of 64, as numpy wants it.
inline constexpr std::uint64_t kNpyHeaderBytes = 192;

/// Magic, version and dictionary of a C-ordered array of at most 4 dimensions. type_code: as numpy
/// writes it, "<f4" for float32.
std::string NpyHeader(std::string_view type_code, std::span<const std::uint64_t> shape);

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_COMMON_NPY_FORMAT_H_
