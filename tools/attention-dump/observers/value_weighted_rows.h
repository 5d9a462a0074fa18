// Attention as it counts: every weight times the length of the vector that the head adds for its
// key, ‖α v W_O‖ (Kobayashi et al. 2020). Stands between a session and an observer of rows.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_VALUE_WEIGHTED_ROWS_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_VALUE_WEIGHTED_ROWS_H_

#include <cstddef>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/data/dump_data.h"

namespace fovea::dump {

class ValueWeightedRows final : public AttentionObserver {
 public:
  /// `inner` gets all that it asks for, with weighted rows; `norms` covers its layers. Not owned.
  /// `heads`: of the model. Keeps layers × heads × context_size floats.
  ValueWeightedRows(const ValueNorms* norms, std::size_t layers, std::size_t heads,
                    std::size_t context_size, AttentionObserver* inner);

  const AttentionSelection& selection() const override { return selection_; }
  void OnValues(const AttentionValues& values) override;
  void OnRows(const AttentionRows& rows) override;
  void OnTrace(const AttentionTrace& trace) override { inner_->OnTrace(trace); }

 private:
  const ValueNorms* value_norms_;
  AttentionObserver* inner_;
  AttentionSelection selection_;
  std::size_t heads_;
  std::size_t context_size_;
  std::vector<float> norms_;  ///< [layers, heads, context_size]
  std::vector<float> batch_;  ///< [heads, count], as ValueNorms gives them.
  std::vector<float> rows_;   ///< Weighted rows of one call.
};

/// Divides every row by its sum; a row of zeros stays.
void NormaliseRows(MapSet* maps);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_VALUE_WEIGHTED_ROWS_H_
