// A dump's maps as the picture formats: one head, a grid of heads, or two of them side by side
// (without the causal mask, or before heads were taken away).
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_MAP_PICTURES_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_MAP_PICTURES_H_

#include <string>

#include "tools/attention-dump/output/output_format.h"

namespace fovea::dump {

std::string MapsAsPng(const DumpInfo& info, const DumpShape& shape, const Drawn& drawn);
std::string MapsAsSvg(const DumpInfo& info, const DumpShape& shape, const Drawn& drawn);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_MAP_PICTURES_H_
