// Passes over logits, in 128-bit vectors. Every function gives the same bits on every machine: only
// single additions, multiplications, divisions and comparisons are used, in a fixed order. The
// scalar reference implementations in namespace `scalar` are what the tests compare with.
#ifndef FOVEA_TEXT_VOCABULARY_MATH_H_
#define FOVEA_TEXT_VOCABULARY_MATH_H_

#include <cstddef>
#include <optional>
#include <span>

namespace fovea::text {

/// Index of the first value that is NaN or infinite.
std::optional<std::size_t> FirstNonFinite(std::span<const float> values);

/// The largest value; NaN is passed over. -infinity if there is none.
float MaxValue(std::span<const float> values);

/// weights[i] = exp((logits[i] - max) / temperature): softmax before the division by its sum.
/// Relative error below 2e-7 for weights above 1e-37; smaller ones become 0. Sizes must be equal,
/// temperature > 0, logits finite, max the largest of them.
void SoftmaxWeights(std::span<const float> logits, float max, float temperature,
                    std::span<float> weights);

namespace scalar {
std::optional<std::size_t> FirstNonFinite(std::span<const float> values);
float MaxValue(std::span<const float> values);
void SoftmaxWeights(std::span<const float> logits, float max, float temperature,
                    std::span<float> weights);
}  // namespace scalar

}  // namespace fovea::text

#endif  // FOVEA_TEXT_VOCABULARY_MATH_H_
