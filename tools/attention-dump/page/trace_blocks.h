// The blocks of queries and keys of a document: rounded as finely as the space allows, with the
// normalisers of their rows, and with the error of the rebuilt weights measured.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_PAGE_TRACE_BLOCKS_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_PAGE_TRACE_BLOCKS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "platform/parallel.h"
#include "tools/attention-dump/page/page_document.h"
#include "tools/attention-dump/page/recording.h"

namespace fovea::dump {

struct TraceBlocksOptions {
  double bytes = 0.0;         ///< For the packed blocks, together.
  bool without_mask = false;  ///< Also normalisers of maps that hide nothing, as document 1.
  std::string document = "0";
  std::function<bool()> cancelled = {};
  std::function<void(double done)> on_progress = {};
};

struct TraceBlocks {
  std::vector<PageBlock> blocks;
  int bits = 16;  ///< 32: exact.
  double bits_per_number = 0.0;
  /// Largest |rebuilt - computed| of all weights; of every 64th row if the trace is exact.
  double max_error = 0.0;
  double max_error_without_mask = 0.0;  ///< The same for document 1.
  /// > 0: even coarse steps take this many bytes more than there are; nothing else is filled in.
  std::uint64_t missing_bytes = 0;
};

/// `tokens`: how many of the recording's planned tokens were run.
Result<TraceBlocks> MakeTraceBlocks(const Recording& recording, std::size_t tokens,
                                    const TraceBlocksOptions& options,
                                    platform::Parallel* parallel);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_PAGE_TRACE_BLOCKS_H_
