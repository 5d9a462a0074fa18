// Which tensors of a model file are quantized, and to what.
#ifndef FOVEA_QUANTIZE_TENSOR_TYPES_H_
#define FOVEA_QUANTIZE_TENSOR_TYPES_H_

#include <string_view>

#include "engine/format/gguf_file.h"
#include "fovea/data_type.h"

namespace fovea {

/// The name of the matrix that gives the logits.
std::string_view OutputMatrix(const format::GgufFile& file);

/// The type that `tensor` gets where matrices become `wanted` and the one named `output_matrix`
/// becomes `output`.
DataType TypeForTensor(const format::SourceTensor& tensor, DataType wanted,
                       std::string_view output_matrix, DataType output);

}  // namespace fovea

#endif  // FOVEA_QUANTIZE_TENSOR_TYPES_H_
