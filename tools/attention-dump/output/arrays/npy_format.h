// What an .npy of ours holds: an array of one of our types, and texts.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_ARRAYS_NPY_FORMAT_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_ARRAYS_NPY_FORMAT_H_

#include <string>

#include "tools/attention-dump/output/arrays/array_file.h"
#include "tools/common/npy_format.h"

namespace fovea::dump {

using tools::kNpyHeaderBytes;

/// Magic, version and dictionary of a C-ordered array.
std::string NpyHeader(ElementType type, const Shape& shape);

/// A whole .npy of one string as a 0-d unicode array (`<U…`, UTF-32), which numpy reads without
/// pickle. Bytes that are not UTF-8 become U+FFFD.
std::string NpyString(const std::string& utf8);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_ARRAYS_NPY_FORMAT_H_
