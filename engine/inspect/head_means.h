// Sums of head outputs over the tokens of a text, in the order of the tokens, so that they do not
// depend on prefill batches.
#ifndef FOVEA_INSPECT_HEAD_MEANS_H_
#define FOVEA_INSPECT_HEAD_MEANS_H_

#include <cstddef>
#include <span>

namespace fovea::inspect {

/// sums[i] += Σ_t rows[t, i]; rows: [count, sums.size()]
void AddRows(const float* rows, std::size_t count, std::span<double> sums);

/// means[i] = sums[i] / count
void Divide(std::span<const double> sums, std::size_t count, std::span<float> means);

}  // namespace fovea::inspect

#endif  // FOVEA_INSPECT_HEAD_MEANS_H_
