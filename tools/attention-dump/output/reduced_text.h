// .json and .csv of --top-k and --pool, for small selections.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_REDUCED_TEXT_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_REDUCED_TEXT_H_

#include <string>

#include "tools/attention-dump/data/dump_data.h"
#include "tools/attention-dump/data/dump_shape.h"
#include "tools/attention-dump/data/kept_maps.h"

namespace fovea::dump {

/// Rough size of either file, from the shape alone.
double EstimateReducedTextBytes(const DumpShape& shape);

/// {"metadata": {…}, "top_k": [layer][head][query] = {"keys": […], "weights": […], "residual": r},
/// "pooled_max": [layer][head][block][block], "pooled_mean": likewise}; without what was not asked
/// for (null). Weights of the first are rounded as RenderJson does.
std::string RenderReducedJson(const DumpInfo& info, const TopKMaps* top_k,
                              const PooledMaps* pooled);

/// The columns of RenderCsv and the row's residual, a line per kept weight.
std::string RenderTopKCsv(const DumpInfo& info, const TopKMaps& top_k);

/// layer,head,query_begin,query_end,key_begin,key_end,max,mean: a line per visible block. Ends are
/// exclusive.
std::string RenderPooledCsv(const DumpInfo& info, const PooledMaps& pooled);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_REDUCED_TEXT_H_
