// The .npy format (version 1.0): a header with type and shape, then the elements.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_ARRAYS_NPY_FORMAT_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_ARRAYS_NPY_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "tools/attention-dump/output/arrays/array_file.h"

namespace fovea::dump {

/// Every header is padded to this size whatever the shape, so that a file can be preallocated
/// before the final shape is known. A multiple of 64, as numpy wants it.
constexpr std::uint64_t kNpyHeaderBytes = 192;

/// Magic, version and dictionary of a C-ordered array.
std::string NpyHeader(ElementType type, const Shape& shape);

/// A whole .npy of one string as a 0-d unicode array (`<U…`, UTF-32), which numpy reads without
/// pickle. Bytes that are not UTF-8 become U+FFFD.
std::string NpyString(const std::string& utf8);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_ARRAYS_NPY_FORMAT_H_
