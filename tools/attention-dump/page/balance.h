// Another basis for a head's queries and keys, in which they can be rounded more coarsely.
// Attention depends only on products q · k, so queries may be multiplied by any matrix and keys by
// the transpose of its inverse; and a vector taken from all keys changes every score of a row
// alike, which softmax does not see. We take the mean key away and choose the basis in which
// queries and keys have the same, diagonal matrix of second moments (as in balanced truncation of
// linear systems): then directions that matter little get few bits, and none are wasted on
// correlations.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_PAGE_BALANCE_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_PAGE_BALANCE_H_

#include <cstddef>
#include <span>
#include <vector>

#include <fovea/isa.h>

namespace fovea::dump {

/// The queries of all heads that read one KV head, and its keys. Not owned; [tokens, dim] each.
struct TraceGroup {
  std::size_t tokens = 0;
  std::size_t dim = 0;
  std::vector<std::span<const float>> queries;
  std::span<const float> key;
  float scale = 1.0F;
  float softcap = 0.0F;
  Isa isa = Isa::kScalar;  ///< Of the kernels that computed them.
};

struct BalancedGroup {
  std::vector<std::vector<float>> queries;  ///< Per head [tokens, dim].
  std::vector<float> key;                   ///< [tokens, dim]
  /// Second moments of each channel, [dim]: of each head's queries, and of the keys.
  std::vector<std::vector<double>> query_power;
  std::vector<double> key_power;
};

/// The group in its better basis. Products differ from the group's only by a constant per query
/// (none with a softcap, where the mean key stays) and by rounding.
BalancedGroup Balance(const TraceGroup& group);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_PAGE_BALANCE_H_
