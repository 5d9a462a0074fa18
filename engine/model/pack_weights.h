// Rearranges the quantized matrices of a loaded model for the integer kernels, in place.
#ifndef FOVEA_MODEL_PACK_WEIGHTS_H_
#define FOVEA_MODEL_PACK_WEIGHTS_H_

#include <cstddef>
#include <span>

#include "engine/model/weights.h"

namespace fovea::model {

/// Turns the rows of every matrix that is multiplied with into packed panels
/// (tensor/packed_panels.h) if its data type has such; the rows beyond the last multiple of 16 stay
/// as they are. `bytes` are the file's, which the views of `weights` point into; nobody else may
/// read them meanwhile. May throw std::bad_alloc before anything is changed.
void PackWeights(std::span<std::byte> bytes, Weights& weights);

}  // namespace fovea::model

#endif  // FOVEA_MODEL_PACK_WEIGHTS_H_
