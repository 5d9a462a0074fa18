// .json and .csv of --top-k and --pool, for small selections.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_REDUCED_REDUCED_TEXT_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_REDUCED_REDUCED_TEXT_H_

#include <string>

#include "tools/attention-dump/output/dump_data.h"
#include "tools/attention-dump/reduced/top_k_recorder.h"
#include "tools/attention-dump/run/dump_shape.h"

namespace fovea::dump {

/// What --pool keeps: of every block of tokens the largest and the mean weight.
struct PooledMaps {
  MapSet largest, mean;
};

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

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_REDUCED_REDUCED_TEXT_H_
