#include <algorithm>

#include "engine/inspect/influence_layers.h"
#include "engine/model/run_checks.h"
#include "fovea/influence.h"
#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea {
namespace inspect {

Result<std::size_t> LayersToFollow(const MeanAttentionObserver& maps,
                                   const InfluenceOptions& options) {
  const std::size_t last = options.layer.value_or(maps.layers() - 1);
  FOVEA_RETURN_IF_ERROR(model::CheckNumbers("layer", {&last, 1}, maps.layers()));
  if (maps.tokens() == 0) {
    return Status(StatusCode::kInvalidArgument, "no attention has been observed yet");
  }
  return last + 1;
}

void ReportProgress(const InfluenceOptions& options, std::size_t done, std::size_t all) {
  if (options.on_progress) {
    options.on_progress(static_cast<double>(done) / static_cast<double>(all));
  }
}

}  // namespace inspect

namespace {

/// map = ½ (A + I) map, in place: from the last row to the first, since a row depends on itself and
/// on earlier rows only. mean, sum: [tokens], scratch.
void MultiplyByLayer(const MeanAttentionObserver& maps, std::size_t layer, InfluenceMap* map,
                     float* mean, float* sum) {
  for (std::size_t query = map->tokens; query-- > 0;) {
    maps.ReadRow(layer, query, mean);
    std::fill_n(sum, query + 1, 0.0F);
    mean[query] += 1.0F;
    for (std::size_t from = 0; from <= query; ++from) {
      const float share = 0.5F * mean[from];
      if (share == 0.0F) continue;
      const float* row = map->weights.data() + from * map->tokens;
      for (std::size_t key = 0; key <= from; ++key) sum[key] += share * row[key];
    }
    std::copy_n(sum, query + 1, map->weights.data() + query * map->tokens);
  }
}

}  // namespace

Result<InfluenceMap> Rollout(const MeanAttentionObserver& maps, const InfluenceOptions& options) {
  auto layers = inspect::LayersToFollow(maps, options);
  FOVEA_RETURN_IF_ERROR(layers);
  const auto roll = [&]() -> Result<InfluenceMap> {
    InfluenceMap map{.tokens = maps.tokens(), .weights = {}};
    map.weights.resize(map.tokens * map.tokens);
    for (std::size_t i = 0; i < map.tokens; ++i) map.weights[i * map.tokens + i] = 1.0F;
    std::vector<float> mean(map.tokens);
    std::vector<float> sum(map.tokens);
    for (std::size_t layer = 0; layer < *layers; ++layer) {
      FOVEA_RETURN_IF_ERROR(model::CheckCancelled(options.cancelled));
      MultiplyByLayer(maps, layer, &map, mean.data(), sum.data());
      inspect::ReportProgress(options, layer + 1, *layers);
    }
    return map;
  };
  return platform::IfMemoryLasts(roll, [] {
    return Status(StatusCode::kOutOfMemory, "not enough memory for a map of influence");
  });
}

}  // namespace fovea
