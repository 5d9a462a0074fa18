// Reads the tensors of one stack of layers.
#ifndef FOVEA_MODEL_LOAD_READ_STACK_H_
#define FOVEA_MODEL_LOAD_READ_STACK_H_

#include <string>

#include "engine/model/hyperparameters.h"
#include "engine/model/load/tensor_reader.h"
#include "engine/model/weights.h"

namespace fovea::model {

/// The stack that `info` describes, whose tensors' names begin with `prefix` ("", "enc." or
/// "dec."). cross: every layer also attends to an encoder's output. Lowers hp.info.context to the
/// number of learned positions, and sets hp.activation where the file's tensors decide. Errors stay
/// in the reader.
Stack ReadStack(TensorReader& reader, Hyperparameters& hp, const StackInfo& info,
                const std::string& prefix, bool cross);

}  // namespace fovea::model

#endif  // FOVEA_MODEL_LOAD_READ_STACK_H_
