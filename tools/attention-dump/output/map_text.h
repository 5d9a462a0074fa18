// A dump's maps as the text formats: whole ones, or what --top-k and --pool keep of them.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_MAP_TEXT_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_MAP_TEXT_H_

#include <string>

#include "tools/attention-dump/output/output_format.h"

namespace fovea::dump {

std::string MapsAsJson(const DumpInfo& info, const DumpShape& shape, const Drawn& drawn);
std::string MapsAsCsv(const DumpInfo& info, const DumpShape& shape, const Drawn& drawn);

/// Rough sizes of the files, from the shape alone.
double MapsAsJsonBytes(const DumpShape& shape);
double MapsAsCsvBytes(const DumpShape& shape);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_MAP_TEXT_H_
