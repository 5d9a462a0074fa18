// Finds a model's tensors by the names that its family gives them.
#ifndef FOVEA_MODEL_LOAD_COLLECT_WEIGHTS_H_
#define FOVEA_MODEL_LOAD_COLLECT_WEIGHTS_H_

#include "engine/format/model_source.h"
#include "engine/model/hyperparameters.h"
#include "engine/model/weights.h"
#include "fovea/status.h"

namespace fovea::model {

/// Collects all tensors; every one of the file must be used. Fills in what `hp.info` says of
/// tensors: vocabulary, parameters, weight_bytes, weight_type, rope_scaling "llama3", and the
/// context of learned positions. The file's bytes must outlive the result.
Result<Weights> CollectWeights(const format::ModelSource& file, Hyperparameters& hp);

/// kNonFinite, naming the first tensor that holds a NaN or an infinity.
Status CheckFinite(const format::ModelSource& file);

}  // namespace fovea::model

#endif  // FOVEA_MODEL_LOAD_COLLECT_WEIGHTS_H_
