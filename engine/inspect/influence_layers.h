// What rollout and flow share: how many layers to follow, and progress.
#ifndef FOVEA_INSPECT_INFLUENCE_LAYERS_H_
#define FOVEA_INSPECT_INFLUENCE_LAYERS_H_

#include <cstddef>

#include "fovea/influence.h"
#include "fovea/status.h"

namespace fovea::inspect {

/// Number of layers to follow. kInvalidArgument if the layer does not exist or no rows have come.
Result<std::size_t> LayersToFollow(const MeanAttentionObserver& maps,
                                   const InfluenceOptions& options);

/// Reports to the caller that `done` of `all` steps are done.
void ReportProgress(const InfluenceOptions& options, std::size_t done, std::size_t all);

}  // namespace fovea::inspect

#endif  // FOVEA_INSPECT_INFLUENCE_LAYERS_H_
