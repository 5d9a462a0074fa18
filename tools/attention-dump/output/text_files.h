// .json and .csv for small slices: readable by everything, several times the size of the arrays.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_TEXT_FILES_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_TEXT_FILES_H_

#include <cstddef>
#include <string>

#include "tools/attention-dump/data/dump_data.h"

namespace fovea::dump {

/// Above this estimate, text is refused and arrays are advised.
constexpr std::size_t kMaxTextFileBytes = 50'000'000;

/// Rough sizes of the files, from the shape alone.
double EstimateJsonBytes(std::size_t layers, std::size_t heads, std::size_t tokens);
double EstimateCsvBytes(std::size_t layers, std::size_t heads, std::size_t tokens);

/// {"metadata": {…}, "attention": [layer][head][query][key]}. NaN and infinity become null. Weights
/// are rounded to half precision first if info.half says so; what is written reads back
/// to exactly that value.
std::string RenderJson(const DumpInfo& info, const MapSet& maps);

/// A comment line "# " with the sidecar, a line of column names, then a line per visible cell:
/// layer,head,query,key,query_token,key_token,weight. NaN becomes nan.
std::string RenderCsv(const DumpInfo& info, const MapSet& maps);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_TEXT_FILES_H_
