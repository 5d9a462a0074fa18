// How far the maps of two documents of a page are apart, head by head.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_PAGE_HEAD_CHANGES_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_PAGE_HEAD_CHANGES_H_

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include <fovea/fovea.hpp>

#include "platform/parallel.h"
#include "tools/attention-dump/page/build_page.h"
#include "tools/attention-dump/page/head_record.h"
#include "tools/attention-dump/page/recording.h"

namespace fovea::dump {

/// The maps of one document. Nothing is owned.
struct DocumentMaps {
  const Recording* recording = nullptr;
  std::span<const HeadRecord> heads;  ///< [layers, heads]; hold the weights if the plan says so.
  std::size_t tokens = 0;
  bool causal = true;
};

/// [layers, heads] of two documents with the same layers, heads and tokens. Of long texts it
/// compares 128 rows, evenly over the text. kCancelled, kOutOfMemory.
Result<std::vector<PagePair::Head>> MeasureChanges(const DocumentMaps& a, const DocumentMaps& b,
                                                   const std::function<bool()>& cancelled,
                                                   platform::Parallel* parallel);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_PAGE_HEAD_CHANGES_H_
