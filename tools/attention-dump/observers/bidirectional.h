// The maps that a layer would have without the causal mask, rebuilt from the queries and keys of
// the causal run: what --compare-mask shows.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_BIDIRECTIONAL_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_BIDIRECTIONAL_H_

#include <cstddef>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/data/dump_data.h"
#include "tools/attention-dump/data/dump_shape.h"
#include "tools/attention-dump/observers/streaming_dump.h"

namespace fovea::dump {

/// Every query attends to all `tokens` tokens (at most the planned ones): softmax(softcap(q · k
/// scale) + bias). Only these layers are recomputed; their queries and keys stay those of the
/// causal run.
Result<MapSet> BidirectionalMaps(const DumpShape& shape, const std::vector<KeptTrace>& traces,
                                 std::size_t tokens);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_BIDIRECTIONAL_H_
