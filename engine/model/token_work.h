// Work on every token of a batch, spread over the workers: norms and activations between products.
#ifndef FOVEA_MODEL_TOKEN_WORK_H_
#define FOVEA_MODEL_TOKEN_WORK_H_

#include <algorithm>
#include <cstddef>

#include "engine/model/forward_context.h"

namespace fovea::model {

/// Tokens of one parallel task where the work per token is small: enough that handing out a task
/// costs little beside it, and a whole block of cached keys, so that no two tasks write to the same
/// cache lines.
inline constexpr std::size_t kTokensPerTask = 16;

/// Calls body(token) for every token in [first, count), spread over the workers.
template <typename Body>
void ForEachToken(const ForwardContext& context, std::size_t first, std::size_t count,
                  const Body& body) {
  if (first >= count) return;
  const std::size_t tasks = (count - first + kTokensPerTask - 1) / kTokensPerTask;
  const auto task = [&](std::size_t index, std::size_t /*worker*/) {
    const std::size_t begin = first + index * kTokensPerTask;
    const std::size_t end = std::min(begin + kTokensPerTask, count);
    for (std::size_t token = begin; token < end; ++token) body(token);
  };
  if (tasks == 1) {
    task(0, 0);
  } else {
    context.parallel->Run(tasks, task);
  }
}

/// x, out: [n]; may alias. The norm's weights begin at `offset`.
inline void ApplyNorm(const ForwardContext& context, const Norm& norm, const float* x,
                      std::size_t n, float* out, std::size_t offset = 0) {
  const float epsilon = context.hp->norm_epsilon;
  if (context.hp->family->norm == NormKind::kRms) {
    context.kernels->rms_norm(x, norm.weight.data() + offset, epsilon, n, out);
  } else {
    const float* bias = norm.bias.empty() ? nullptr : norm.bias.data() + offset;
    context.kernels->layer_norm(x, norm.weight.data() + offset, bias, epsilon, n, out);
  }
}

/// The activation in place: x = act(x). [n]
inline void Activate(const ForwardContext& context, std::size_t n, float* x) {
  const kernels::KernelTable& kernels = *context.kernels;
  switch (context.hp->activation) {
    case Activation::kSilu: return kernels.silu(x, n, x);
    case Activation::kGelu: return kernels.gelu(x, n, x);
    case Activation::kGeluErf: return kernels.gelu_erf(x, n, x);
    case Activation::kRelu: return kernels.relu(x, n, x);
  }
}

/// x = act(gate) * x. [n]
inline void ActivateGated(const ForwardContext& context, const float* gate, std::size_t n,
                          float* x) {
  const kernels::KernelTable& kernels = *context.kernels;
  switch (context.hp->activation) {
    case Activation::kSilu: return kernels.silu_mul(gate, x, n, x);
    case Activation::kGelu: return kernels.gelu_mul(gate, x, n, x);
    case Activation::kGeluErf: return kernels.gelu_erf_mul(gate, x, n, x);
    case Activation::kRelu: return kernels.relu_mul(gate, x, n, x);
  }
}

/// The context of the tokens from `begin` on of a text that is in hidden_state as a whole.
inline ForwardContext BatchOf(const ForwardContext& context, std::size_t begin) {
  ForwardContext batch = context;
  const std::size_t pairs = context.hp->rope.dims / 2;
  batch.buffers.hidden_state += begin * context.info->hidden_size;
  batch.buffers.cosine += begin * pairs;
  batch.buffers.sine += begin * pairs;
  batch.buffers.window_cosine += begin * pairs;
  batch.buffers.window_sine += begin * pairs;
  return batch;
}

}  // namespace fovea::model

#endif  // FOVEA_MODEL_TOKEN_WORK_H_
