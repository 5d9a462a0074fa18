#include "engine/model/feed_forward.h"

#include <algorithm>
#include <cmath>

#include "engine/model/token_work.h"

namespace fovea::model {
namespace {

/// output = down(act(gate(x)) * up(x)) or down(act(up(x))). input: [rows, hidden_size]; gate, up:
/// scratch, [rows, weights' rows]; output: [rows, hidden_size]
void RunNetwork(const ForwardContext& context, const Network& weights, const float* input,
                std::size_t rows, float* gate, float* up, float* output) {
  const std::size_t hidden_size = context.info->hidden_size;
  const std::size_t size = weights.up.weight.rows;
  const bool gated = static_cast<bool>(weights.gate.weight);
  const matmul::Product products[] = {
      {weights.up.weight, weights.up.bias_data(), up, size},
      {weights.gate.weight, weights.gate.bias_data(), gate, size},
  };
  const std::span<const matmul::Product> used(products, gated ? 2 : 1);
  matmul::Multiply(context.matmul, used, input, hidden_size, rows);
  ForEachToken(context, 0, rows, [&](std::size_t t) {
    if (gated) {
      ActivateGated(context, gate + t * size, size, up + t * size);
    } else {
      Activate(context, size, up + t * size);
    }
  });
  const matmul::Product down[] = {
      {weights.down.weight, weights.down.bias_data(), output, hidden_size}};
  matmul::Multiply(context.matmul, down, up, size, rows);
}

/// Turns a token's router logits into the weights of its experts, all others 0: softmax, of which
/// the largest `used` are kept (Shazeer et al. 2017). Of equal ones the first wins.
void ChooseExperts(std::span<float> logits, std::size_t used, const Hyperparameters& hp) {
  const float largest = *std::max_element(logits.begin(), logits.end());
  float sum = 0.0F;
  for (float& value : logits) {
    value = std::exp(value - largest);
    sum += value;
  }
  for (float& value : logits) value /= sum;
  // What is chosen becomes negative, so that the next round does not find it again.
  float chosen = 0.0F;
  for (std::size_t i = 0; i < used; ++i) {
    float& best = *std::max_element(logits.begin(), logits.end());
    chosen += best;
    best = -best;
  }
  const float scale =
      hp.expert_weight_scale / (hp.normalize_expert_weights && chosen > 0.0F ? chosen : 1.0F);
  for (float& value : logits) value = value < 0.0F ? -value * scale : 0.0F;
}

/// Every token runs through its experts, every expert over its tokens at once. The outputs of a
/// token's experts are added in the order of the experts, whatever runs together.
void RunExperts(const ForwardContext& context, const LayerRun& run,
                const FeedForwardWeights& weights, const float* input) {
  const Hyperparameters& hp = *context.hp;
  const Buffers& b = context.buffers;
  const std::size_t n = context.info->hidden_size;
  const std::size_t first = run.first_needed;
  const std::size_t rows = run.count - first;
  const std::size_t experts = weights.experts.size();
  input += first * n;
  float* output = b.ffn_out + first * n;
  const matmul::Product router[] = {
      {weights.router.weight, weights.router.bias_data(), b.expert_weights, experts}};
  matmul::Multiply(context.matmul, router, input, n, rows);
  ForEachToken(context, 0, rows, [&](std::size_t t) {
    ChooseExperts({b.expert_weights + t * experts, experts}, hp.experts_used, hp);
    std::fill_n(output + t * n, n, 0.0F);
  });
  if (weights.shared.up.weight) {
    RunNetwork(context, weights.shared, input, rows, b.gate, b.up, output);
  }
  for (std::size_t expert = 0; expert < experts; ++expert) {
    const auto weight_of = [&](std::size_t t) { return b.expert_weights[t * experts + expert]; };
    std::size_t tokens = 0;
    for (std::size_t t = 0; t < rows; ++t) {
      if (weight_of(t) == 0.0F) continue;
      std::copy_n(input + t * n, n, b.expert_input + tokens * n);
      ++tokens;
    }
    if (tokens == 0) continue;
    RunNetwork(context, weights.experts[expert], b.expert_input, tokens, b.gate, b.up,
               b.expert_output);
    std::size_t index = 0;
    for (std::size_t t = 0; t < rows; ++t) {
      if (weight_of(t) == 0.0F) continue;
      float* row = b.expert_output + index * n;
      context.kernels->scale(weight_of(t), n, row);
      context.kernels->add(output + t * n, row, n, output + t * n);
      ++index;
    }
  }
}

}  // namespace

void FeedForward(const ForwardContext& context, const LayerRun& run,
                 const FeedForwardWeights& weights, const float* input) {
  if (!weights.experts.empty()) return RunExperts(context, run, weights, input);
  const Buffers& b = context.buffers;
  const std::size_t first = run.first_needed;
  const std::size_t hidden_size = context.info->hidden_size;
  const std::size_t ffn_size = context.info->ffn_size;
  const bool gated = static_cast<bool>(weights.dense.gate.weight);
  RunNetwork(context, weights.dense, input + first * hidden_size, run.count - first,
             b.gate + (gated ? first * ffn_size : 0), b.up + first * ffn_size,
             b.ffn_out + first * hidden_size);
}

}  // namespace fovea::model
