// Checks of what a run is given, and of what it computed.
#ifndef FOVEA_MODEL_RUN_CHECKS_H_
#define FOVEA_MODEL_RUN_CHECKS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "fovea/model.h"
#include "fovea/status.h"

namespace fovea::model {

/// kInvalidArgument unless all ids are in the vocabulary.
Status CheckIds(const ModelInfo& info, std::span<const std::int32_t> tokens);

/// Whether no value is NaN or infinite.
bool AllFinite(std::span<const float> values);

/// kInvalidArgument, "layer 7 does not exist; …", unless all numbers are below count. `what` is
/// "layer" or "head".
Status CheckNumbers(const char* what, std::span<const std::size_t> numbers, std::size_t count);

/// kCancelled if the caller wants to stop; `cancelled` may be empty.
Status CheckCancelled(const std::function<bool()>& cancelled);

}  // namespace fovea::model

#endif  // FOVEA_MODEL_RUN_CHECKS_H_
