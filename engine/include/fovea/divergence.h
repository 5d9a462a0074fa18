// How far two distributions are apart: rows of attention maps (probabilities) and next-token
// distributions (logits). Everything is in nats, computed in double precision, thread-safe, and
// allocates nothing. What takes kernels may differ in its last bits between instruction sets: pass
// those of the session that computed the logits (Session::kernels).
#ifndef FOVEA_DIVERGENCE_H_
#define FOVEA_DIVERGENCE_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "fovea/isa.h"

namespace fovea {

/// Jensen–Shannon divergence of two rows of n probabilities (Lin 1991; between attention heads:
/// Clark et al. 2019): symmetric, from 0 (equal) to ln 2 (nothing in common), however small it is
/// without cancellation. Masked cells are 0 in both. NaN if a value is NaN. Example:
/// @code
/// const float p[] = {0.5F, 0.5F}, q[] = {1.0F, 0.0F};
/// std::printf("%.4f nats\n", JensenShannon(p, q, 2));
/// @endcode
double JensenShannon(const float* p, const float* q, std::size_t n);

/// Whether both rows have their largest value at the same place (the first of equals); n > 0.
bool SameLargest(const float* p, const float* q, std::size_t n);

/// ln Σ exp(logits[i]), relative error of the sum below 5e-7. Logits must be finite and not empty.
double LogSumExp(std::span<const float> logits, Kernels kernels);
/// The same bits where the largest logit is known.
double LogSumExp(std::span<const float> logits, float largest, Kernels kernels);

/// −ln softmax(logits)[id]: the loss of predicting `id`.
double NegativeLogLikelihood(std::span<const float> logits, std::int32_t id, Kernels kernels);

/// KL(P‖Q) = Σ P ln(P / Q) of the distributions that two rows of logits of one size stand for; 0 if
/// the rows are equal, and never below. Error below 1e-6 for divergences up to 1.
double KullbackLeibler(std::span<const float> p_logits, std::span<const float> q_logits,
                       Kernels kernels);
/// The same where LogSumExp of both rows is known.
double KullbackLeibler(std::span<const float> p_logits, double p_log_sum_exp,
                       std::span<const float> q_logits, double q_log_sum_exp, Kernels kernels);

}  // namespace fovea

#endif  // FOVEA_DIVERGENCE_H_
