// An .npz file: a ZIP archive of .npy members, which NumPy opens.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_ARRAYS_NPZ_FILE_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_ARRAYS_NPZ_FILE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/output/arrays/array_file.h"

namespace fovea::dump {

/// On an already created temporary file.
Result<std::unique_ptr<ArrayFile>> MakeNpz(platform::AtomicFile file,
                                           std::vector<ArraySpec> arrays);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_ARRAYS_NPZ_FILE_H_
