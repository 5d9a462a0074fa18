#include "fovea/memory_estimate.h"

#include "fovea/status_macros.h"
#include "platform/checked_math.h"

namespace fovea {

Result<MemoryEstimate> EstimateMemory(const Model& model, const SessionOptions& options) {
  auto plan = Session::Plan(model, options);
  FOVEA_RETURN_IF_ERROR(plan);
  const MemoryEstimate estimate = {.model = model.memory(), .session = *plan};
  const platform::CheckedSize total = platform::CheckedSize(estimate.model.weights) +
                                      estimate.model.metadata + estimate.session.kv_cache +
                                      estimate.session.scratch;
  if (!total.ok()) {
    return Status(StatusCode::kLimitExceeded,
                  model.info().path + ": the model and the session exceed the address space");
  }
  return estimate;
}

Result<MemoryEstimate> EstimateMemory(const std::string& path, const SessionOptions& options) {
  auto model = Model::Load(path, {.map = true, .content_hash = false});
  FOVEA_RETURN_IF_ERROR(model);
  return EstimateMemory(*model, options);
}

}  // namespace fovea
