// Copies the keys of one GGUF file to another.
#ifndef FOVEA_QUANTIZE_COPY_KEYS_H_
#define FOVEA_QUANTIZE_COPY_KEYS_H_

#include <cstddef>

#include "engine/format/gguf_contents.h"
#include "fovea/data_type.h"
#include "fovea/gguf_writer.h"
#include "fovea/status.h"

namespace fovea {

/// All of them in their order, byte for byte, but for those that say how tensors are stored:
/// general.alignment is the writer's, general.file_type becomes that of files of mostly `type`, and
/// general.quantization_version the one that all block types here have.
Status CopyKeys(const format::GgufContents& from, DataType type, GgufWriter& to);

}  // namespace fovea

#endif  // FOVEA_QUANTIZE_COPY_KEYS_H_
