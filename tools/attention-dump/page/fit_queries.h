// Rounds queries not to the nearest step but to the one that gives the right weights: a query has
// many channels and few keys that it looks at, so that up or down in each channel can be chosen to
// cancel the errors of those keys' scores, the keys' own rounding included. Costs no bits. (The
// idea of Nagel et al. 2020 and Frantar et al. 2022, who round weights of networks so.)
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_PAGE_FIT_QUERIES_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_PAGE_FIT_QUERIES_H_

#include <cstddef>
#include <span>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/page/trace_code.h"
#include "tools/attention-dump/page/trace_rows.h"

namespace fovea::dump {

/// One head. Both traces stand for the same map: `computed` as the model had it, `balanced` in the
/// basis in which the codes are. `key_power`: mean square of each channel of the keys. Changes
/// codes of `query` by a few steps at most.
Status FitQueries(const HeadTrace& computed, const HeadTrace& balanced,
                  const std::vector<double>& key_power, const CodedArray& key, CodedArray* query);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_PAGE_FIT_QUERIES_H_
