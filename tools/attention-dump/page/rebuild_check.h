// The weights that a page will rebuild, beside the computed ones: gives the rows their normalisers
// and measures the largest difference.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_PAGE_REBUILD_CHECK_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_PAGE_REBUILD_CHECK_H_

#include <cstddef>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/page/trace_rows.h"

namespace fovea::dump {

/// Rows [begin, end) of a map. `stored`: what the page holds; null if that is `computed` itself, to
/// the bit: then only the rounding of the arithmetic is left to measure, on every 64th row.
/// normalisers[row]: natural log of the sum of the row's exponentials. Raises `max_error`.
Status CheckRebuiltRows(const HeadTrace& computed, const HeadTrace* stored, std::size_t begin,
                        std::size_t end, float* normalisers, double* max_error);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_PAGE_REBUILD_CHECK_H_
