// The scoring functions of attention as an operator, one score at a time and in double precision:
// for Attend where tiled attention does not compute them.
#ifndef FOVEA_ATTENTION_SCORING_H_
#define FOVEA_ATTENTION_SCORING_H_

#include <cstddef>
#include <vector>

#include "fovea/attention.h"

namespace fovea::attention {

/// The factor of dot-like scores: inputs.scale, or the scoring function's own.
float ScoreScale(const AttendInputs& inputs);

/// Wᵀ q for every query and head, so that q · (W k) becomes a dot product with the key itself.
/// Returns [queries, heads, key_width].
std::vector<float> TransformQueries(const AttendInputs& inputs);

/// Scores of validated inputs (which must outlive it), after scale, softcap and bias and without
/// the mask. Keeps O(queries + keys) projections.
class Scorer {
 public:
  explicit Scorer(const AttendInputs& inputs);

  /// Query row `query` of `head` against key row `key` of the KV head which that head reads.
  double Score(std::size_t head, std::size_t query, std::size_t key) const;

 private:
  const AttendInputs& inputs_;
  std::size_t group_ = 1;  ///< Query heads per KV head.
  std::size_t width_ = 0;  ///< Size of the rows that are compared.
  /// kGeneral: [queries, heads, key_width]. kAdditive: W q, [queries, heads, additive_size].
  std::vector<float> projected_query_;
  std::vector<float> projected_key_;  ///< kAdditive: U k, [keys, kv_heads, additive_size].
};

}  // namespace fovea::attention

#endif  // FOVEA_ATTENTION_SCORING_H_
