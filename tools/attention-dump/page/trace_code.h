// Queries and keys rounded to whole steps, so that a score errs by about the same amount whatever
// the head: each channel's step is chosen from how much the other side multiplies its error.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_PAGE_TRACE_CODE_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_PAGE_TRACE_CODE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/attention-dump/page/balance.h"

namespace fovea::dump {

/// value = code × step of its channel.
struct CodedArray {
  std::vector<std::int16_t> codes;  ///< [tokens, dim]
  std::vector<float> steps;         ///< [dim]

  std::vector<float> Values() const;
  /// Plane of high bytes, then of low bytes.
  std::string Planes() const;
};

struct CodedGroup {
  std::vector<CodedArray> queries;
  CodedArray key;
};

/// `score_error`: standard deviation that rounding adds to a score, for keys and queries of usual
/// size. Steps grow beyond what it asks for where 16 bits would not reach.
CodedGroup CodeGroup(const TraceGroup& group, const BalancedGroup& balanced, double score_error);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_PAGE_TRACE_CODE_H_
