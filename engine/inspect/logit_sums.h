// Divergences of next-token distributions, computed by given kernels: for runs that have chosen
// theirs already.
#ifndef FOVEA_INSPECT_LOGIT_SUMS_H_
#define FOVEA_INSPECT_LOGIT_SUMS_H_

#include <span>

#include "engine/kernels/dispatch/kernel_table.h"

namespace fovea::inspect {

/// As fovea::LogSumExp.
double LogSumExp(const kernels::KernelTable& kernels, std::span<const float> logits, float largest);

/// As fovea::KullbackLeibler.
double KullbackLeibler(const kernels::KernelTable& kernels, std::span<const float> p_logits,
                       double p_log_sum_exp, std::span<const float> q_logits, double q_log_sum_exp);

}  // namespace fovea::inspect

#endif  // FOVEA_INSPECT_LOGIT_SUMS_H_
