// A head's map rebuilt from its queries and keys, a few rows at a time.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_PAGE_TRACE_ROWS_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_PAGE_TRACE_ROWS_H_

#include <cstddef>
#include <functional>
#include <span>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/page/recording.h"

namespace fovea::dump {

struct HeadTrace {
  std::size_t tokens = 0;
  std::size_t dim = 0;
  std::span<const float> query, key;  ///< [tokens, dim]
  float scale = 1.0F;
  float softcap = 0.0F;
  bool causal = true;      ///< False: queries attend to keys on both sides.
  std::size_t window = 0;  ///< 0: none; else sliding if causal, or symmetric.
  Isa isa = Isa::kScalar;  ///< Of the kernels that computed query and key.
};

/// The trace of head `map` of [layers, heads] of a recording that keeps traces, with its mask or
/// without. Points into the recording.
HeadTrace TraceOf(const Recording& recording, std::size_t map, std::size_t tokens, bool causal);

/// Rows [begin, end) of the map, in blocks: `take` gets AttentionRows with columns from key 0 on
/// and log_sum_exp. kOutOfMemory if memory ran out, else what `take` returns.
Status RebuildRows(const HeadTrace& trace, std::size_t begin, std::size_t end,
                   const std::function<Status(const AttentionRows&)>& take);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_PAGE_TRACE_ROWS_H_
