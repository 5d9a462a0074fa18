// From the hidden states that leave the last layer to logits.
#include "engine/model/forward_pass.h"
#include "engine/model/token_work.h"

namespace fovea::model {
namespace {

/// Logits of an encoder's tokens, from its output. input: [count, hidden_size]
void ComputeMaskedTokenLogits(const ForwardContext& context, const float* input,
                              std::size_t count) {
  const MaskedTokenHead& head = context.weights->masked_token;
  const Buffers& b = context.buffers;
  const std::size_t n = context.hp->embedding_size;
  const std::size_t vocabulary = context.hp->info.vocabulary;
  const matmul::Product dense[] = {{head.dense.weight, head.dense.bias_data(), b.normed, n}};
  matmul::Multiply(context.matmul, dense, input, context.info->hidden_size, count);
  ForEachToken(context, 0, count, [&](std::size_t t) {
    float* row = b.normed + t * n;
    Activate(context, n, row);
    ApplyNorm(context, head.norm, row, n, row);
  });
  const matmul::Product output[] = {
      {head.output.weight, head.output.bias_data(), b.logits, vocabulary}};
  matmul::Multiply(context.matmul, output, b.normed, n, count);
}

}  // namespace

void NormOutput(const ForwardContext& context, std::size_t count) {
  const Norm& norm = context.stack->output_norm;
  const std::size_t n = context.info->hidden_size;
  if (!norm) return;
  ForEachToken(context, 0, count, [&](std::size_t t) {
    float* x = context.buffers.hidden_state + t * n;
    ApplyNorm(context, norm, x, n, x);
  });
}

void ComputeLogits(const ForwardContext& context, std::size_t first, std::size_t count) {
  const ModelInfo& info = context.hp->info;
  const Weights& weights = *context.weights;
  const Buffers& b = context.buffers;
  const std::size_t n = context.info->hidden_size;
  const float* input = b.hidden_state + first * n;
  if (!context.info->causal) return ComputeMaskedTokenLogits(context, input, count);
  if (const Norm& norm = context.stack->output_norm) {
    ForEachToken(context, 0, count, [&](std::size_t t) {
      ApplyNorm(context, norm, input + t * n, n, b.normed + t * n);
    });
    input = b.normed;
  }
  const matmul::Product product[] = {
      {weights.output.weight, weights.output.bias_data(), b.logits, info.vocabulary}};
  matmul::Multiply(context.matmul, product, input, n, count);
  for (std::size_t t = 0; t < count; ++t) {
    float* row = b.logits + t * info.vocabulary;
    if (context.hp->logit_scale != 1.0F) {
      context.kernels->scale(context.hp->logit_scale, info.vocabulary, row);
    }
    if (info.logit_softcap > 0.0F) {
      context.kernels->softcap(info.logit_softcap, info.vocabulary, row);
    }
  }
}

}  // namespace fovea::model
