#include "tools/attention-dump/observers/bidirectional.h"
#include "fovea/status_macros.h"

#include <algorithm>
#include <span>

namespace fovea::dump {

Result<MapSet> BidirectionalMaps(const DumpShape& shape, const std::vector<KeptTrace>& traces,
                                 std::size_t tokens) {
  MapSet maps;
  maps.tokens = tokens;
  maps.layers = shape.layers;
  maps.heads = shape.heads;
  maps.causal = false;
  maps.windows.assign(shape.layers.size(), 0);
  maps.weights.reserve(shape.layers.size() * shape.heads.size() * tokens * tokens);
  const std::size_t dim = shape.head_dim;
  // Only the weights are wanted: one value per key keeps the operator's other half small.
  const std::vector<float> values(tokens, 0.0F);
  for (const KeptTrace& trace : traces) {
    for (std::size_t head = 0; head < shape.heads.size(); ++head) {
      const std::size_t kv_head = shape.KvHead(shape.heads[head]);
      const std::span<const float> query(trace.query.data() + head * shape.tokens * dim,
                                         tokens * dim);
      const std::span<const float> key(trace.key.data() + kv_head * shape.tokens * dim,
                                       tokens * dim);
      Result<AttendOutputs> attended = Attend({.queries = tokens,
                                               .keys = tokens,
                                               .query_width = dim,
                                               .key_width = dim,
                                               .value_width = 1,
                                               .query = query,
                                               .key = key,
                                               .value = values,
                                               .scale = trace.scale,
                                               .softcap = trace.softcap,
                                               .bias = trace.BiasOf(shape.heads[head]),
                                               .isa = trace.isa});
      FOVEA_RETURN_IF_ERROR(attended);
      maps.weights.insert(maps.weights.end(), attended->weights.begin(), attended->weights.end());
    }
  }
  return maps;
}

}  // namespace fovea::dump
