// Reads a model's hyperparameters from the keys of a model source.
#ifndef FOVEA_MODEL_LOAD_READ_HYPERPARAMETERS_H_
#define FOVEA_MODEL_LOAD_READ_HYPERPARAMETERS_H_

#include "engine/format/model_source.h"
#include "engine/model/hyperparameters.h"
#include "fovea/status.h"

namespace fovea::model {

/// Reads the keys of a supported family. CollectWeights fills in what only the tensors say: the
/// vocabulary and the counts of parameters and bytes.
Result<Hyperparameters> ReadHyperparameters(const format::ModelSource& file);

}  // namespace fovea::model

#endif  // FOVEA_MODEL_LOAD_READ_HYPERPARAMETERS_H_
