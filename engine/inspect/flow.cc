#include <string>

#include "engine/inspect/influence_layers.h"
#include "engine/inspect/layered_flow.h"
#include "engine/model/run_checks.h"
#include "fovea/influence.h"
#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea {
namespace {

Result<std::vector<float>> FlowOf(const MeanAttentionObserver& maps, std::size_t query,
                                  std::size_t layers, const InfluenceOptions& options) {
  inspect::LayeredFlow graph(layers, query + 1);
  std::vector<float> mean(query + 1);
  for (std::size_t layer = 0; layer < layers; ++layer) {
    for (std::size_t from = 0; from <= query; ++from) {
      maps.ReadRow(layer, from, mean.data());
      double* capacities = graph.Capacities(layer, from);
      for (std::size_t to = 0; to <= from; ++to) {
        capacities[to] = 0.5 * (static_cast<double>(mean[to]) + (to == from ? 1.0 : 0.0));
      }
    }
  }
  std::vector<float> flows(maps.tokens());
  for (std::size_t key = 0; key <= query; ++key) {
    FOVEA_RETURN_IF_ERROR(model::CheckCancelled(options.cancelled));
    flows[key] = static_cast<float>(graph.MaximumFlow(key));
    inspect::ReportProgress(options, key + 1, query + 1);
  }
  return flows;
}

}  // namespace

Result<std::vector<float>> Flow(const MeanAttentionObserver& maps, std::size_t query,
                                const InfluenceOptions& options) {
  auto layers = inspect::LayersToFollow(maps, options);
  FOVEA_RETURN_IF_ERROR(layers);
  if (query >= maps.tokens()) {
    return Status(StatusCode::kInvalidArgument, "token " + std::to_string(query) +
                                                    " does not exist; there are " +
                                                    std::to_string(maps.tokens()) + " tokens");
  }
  return platform::ContainExceptions(
      [&] { return FlowOf(maps, query, *layers, options); },
      [&](const platform::Thrown&) {  // No memory, or a vector longer than any.
        return Status(StatusCode::kOutOfMemory, "not enough memory for the flow from token " +
                                                    std::to_string(query) + " through " +
                                                    std::to_string(*layers) + " layers");
      });
}

}  // namespace fovea
