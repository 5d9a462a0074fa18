// An .npy file: one array, then the sidecar.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_ARRAYS_NPY_FILE_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_ARRAYS_NPY_FILE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/output/arrays/array_file.h"

namespace fovea::dump {

/// On an already created temporary file.
Result<std::unique_ptr<ArrayFile>> MakeNpy(platform::AtomicFile file, ArraySpec array);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_ARRAYS_NPY_FILE_H_
