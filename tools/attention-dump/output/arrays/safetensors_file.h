// A .safetensors file: named arrays behind a JSON header.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_ARRAYS_SAFETENSORS_FILE_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_ARRAYS_SAFETENSORS_FILE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/output/arrays/array_file.h"

namespace fovea::dump {

/// On an already created temporary file. `header_reserve`: bytes to keep free for the header; more
/// are found if it turns out longer.
Result<std::unique_ptr<ArrayFile>> MakeSafetensors(platform::AtomicFile file,
                                                   std::vector<ArraySpec> arrays,
                                                   std::uint64_t header_reserve);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_ARRAYS_SAFETENSORS_FILE_H_
