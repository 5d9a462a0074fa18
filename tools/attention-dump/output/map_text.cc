#include "tools/attention-dump/output/map_text.h"

#include "tools/attention-dump/output/reduced_text.h"
#include "tools/attention-dump/output/text_files.h"

namespace fovea::dump {

std::string MapsAsJson(const DumpInfo& info, const DumpShape& shape, const Drawn& drawn) {
  const KeptMaps& kept = *drawn.kept;
  if (shape.maps) return RenderJson(info, kept.whole);
  return RenderReducedJson(info, shape.top_k > 0 ? &kept.top_k : nullptr,
                           shape.pool > 0 ? &kept.pooled : nullptr);
}

std::string MapsAsCsv(const DumpInfo& info, const DumpShape& shape, const Drawn& drawn) {
  const KeptMaps& kept = *drawn.kept;
  if (shape.maps) return RenderCsv(info, kept.whole);
  return shape.top_k > 0 ? RenderTopKCsv(info, kept.top_k) : RenderPooledCsv(info, kept.pooled);
}

double MapsAsJsonBytes(const DumpShape& shape) {
  if (!shape.maps) return EstimateReducedTextBytes(shape);
  return EstimateJsonBytes(shape.layers.size(), shape.heads.size(), shape.tokens);
}

double MapsAsCsvBytes(const DumpShape& shape) {
  if (!shape.maps) return EstimateReducedTextBytes(shape);
  return EstimateCsvBytes(shape.layers.size(), shape.heads.size(), shape.tokens);
}

}  // namespace fovea::dump
