// Opening a session within the memory that the user allows for the whole run.
#ifndef FOVEA_TOOLS_COMMON_OPEN_SESSION_H_
#define FOVEA_TOOLS_COMMON_OPEN_SESSION_H_

#include <cstddef>

#include <fovea/memory_estimate.h>
#include <fovea/model.h>
#include <fovea/session.h>
#include <fovea/status.h>

namespace fovea::tools {

/// kLimitExceeded, with what the run needs, if model and session together take more than
/// options.max_memory (0: no limit).
Result<MemoryEstimate> MemoryWithin(const Model& model, const SessionOptions& options);

/// A session of these options, where options.max_memory counts the model too.
Result<Session> OpenSession(const Model& model, SessionOptions options);

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_COMMON_OPEN_SESSION_H_
