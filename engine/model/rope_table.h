// Cosines and sines of rotary position embeddings (Su et al. 2021) with linear, YaRN (Peng et al.
// 2023), Llama 3 and long-context factors. All scalings are linear in the position, so one
// frequency per pair, in double precision, is enough.
#ifndef FOVEA_MODEL_ROPE_TABLE_H_
#define FOVEA_MODEL_ROPE_TABLE_H_

#include <cstddef>
#include <span>
#include <vector>

#include "engine/model/hyperparameters.h"

namespace fovea::model {

class RopeTable {
 public:
  RopeTable() = default;
  /// `factors` divide the frequencies, [dims / 2], or empty.
  RopeTable(const RopeParameters& parameters, std::span<const float> factors);

  std::size_t pairs() const { return frequencies_.size(); }

  /// Cosines and sines of one position; each [pairs].
  void Fill(std::size_t position, float* cosine, float* sine) const;

 private:
  std::vector<double> frequencies_;  // [pairs], radians per position
  double magnitude_ = 1.0;
};

}  // namespace fovea::model

#endif  // FOVEA_MODEL_ROPE_TABLE_H_
