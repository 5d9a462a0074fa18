#include "engine/model/forward_pass.h"

#include <algorithm>
#include <cmath>

#include "engine/matmul/read_row.h"

namespace fovea::model {
namespace {

/// Tokens of one parallel task where the work per token is small: enough that handing out a task
/// costs little beside it, and a whole block of cached keys, so that no two tasks write to the same
/// cache lines.
constexpr std::size_t kTokensPerTask = 16;

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

/// x, out: [n]; may alias.
void ApplyNorm(const ForwardContext& context, const Norm& norm, const float* x, std::size_t n,
               float* out, std::size_t offset = 0) {
  const float epsilon = context.hp->norm_epsilon;
  if (context.hp->family->norm == NormKind::kRms) {
    context.kernels->rms_norm(x, norm.weight.data() + offset, epsilon, n, out);
  } else {
    const float* bias = norm.bias.empty() ? nullptr : norm.bias.data() + offset;
    context.kernels->layer_norm(x, norm.weight.data() + offset, bias, epsilon, n, out);
  }
}

/// Normalizes each head if there is a norm, then rotates it. x: [heads, head_dim]
void NormAndRotateHeads(const ForwardContext& context, const Norm& norm, const float* cosine,
                        const float* sine, std::size_t heads, float* x) {
  const Hyperparameters& hp = *context.hp;
  const std::size_t dim = hp.info.head_dim;
  const std::size_t pairs = hp.rope.dims / 2;
  const auto layout = hp.family->positions == PositionKind::kRopeInterleaved
                          ? kernels::RopeLayout::kInterleaved
                          : kernels::RopeLayout::kHalves;
  for (std::size_t head = 0; head < heads; ++head) {
    float* row = x + head * dim;
    // A weight longer than a head holds one norm per head.
    const std::size_t offset = norm.weight.size() > dim ? head * dim : 0;
    if (norm) ApplyNorm(context, norm, row, dim, row, offset);
    if (pairs > 0) context.kernels->rope(row, cosine, sine, pairs, layout);
  }
}

/// Computes queries, keys and values of the batch; stores keys and values in the cache.
void ProjectQueryKeyValue(const ForwardContext& context, std::size_t layer, std::size_t count,
                          std::size_t position) {
  const ModelInfo& info = context.hp->info;
  const LayerWeights& weights = context.weights->layers[layer];
  const Buffers& b = context.buffers;
  const std::size_t query_row = info.heads * info.head_dim;
  const std::size_t key_row = info.kv_heads * info.head_dim;
  const std::size_t value_row = info.kv_heads * info.value_dim;
  const matmul::Product products[] = {
      {weights.query.weight, weights.query.bias_data(), b.query, query_row},
      {weights.key.weight, weights.key.bias_data(), b.key, key_row},
      {weights.value.weight, weights.value.bias_data(), b.value, value_row},
  };
  matmul::Multiply(context.matmul, products, b.normed, info.hidden_size, count);

  const bool windowed = info.windows[layer] != 0;
  const float* cosine = windowed ? b.window_cosine : b.cosine;
  const float* sine = windowed ? b.window_sine : b.sine;
  const std::size_t pairs = context.hp->rope.dims / 2;
  ForEachToken(context, 0, count, [&](std::size_t t) {
    NormAndRotateHeads(context, weights.query_norm, cosine + t * pairs, sine + t * pairs,
                       info.heads, b.query + t * query_row);
    NormAndRotateHeads(context, weights.key_norm, cosine + t * pairs, sine + t * pairs,
                       info.kv_heads, b.key + t * key_row);
    context.cache->Store(*context.kernels, layer, position + t, b.key + t * key_row,
                         b.value + t * value_row);
  });
}

void Attend(const ForwardContext& context, std::size_t layer, std::size_t count,
            std::size_t position, AttentionObserver* observer) {
  const ModelInfo& info = context.hp->info;
  const std::size_t window = info.windows[layer];
  attention::Call call;
  call.tokens = count;
  call.heads = info.heads;
  call.kv_heads = info.kv_heads;
  call.head_dim = info.head_dim;
  call.value_dim = info.value_dim;
  call.positions = position + count;
  call.query = context.buffers.query;
  call.query_stride = info.heads * info.head_dim;
  call.key = context.cache->Keys(layer);
  call.value = context.cache->Values(layer);
  call.mask.kind = window == 0 ? Mask::Kind::kCausal : Mask::Kind::kSlidingWindow;
  call.mask.window = window;
  call.mask.first_query = position;
  call.scale = info.attention_scale;
  call.softcap = info.attention_softcap;
  call.out = context.buffers.attended;
  call.out_stride = info.heads * info.value_dim;
  call.observer = observer;
  call.layer = layer;
  attention::Run(context.attention, call);
}

/// down(act(gate(x)) * up(x)) or down(act(up(x))), for the tokens from `first` on. input: [count,
/// hidden_size]
void FeedForward(const ForwardContext& context, const LayerWeights& weights, const float* input,
                 std::size_t first, std::size_t count) {
  const ModelInfo& info = context.hp->info;
  const Family& family = *context.hp->family;
  const Buffers& b = context.buffers;
  const std::size_t rows = count - first;
  float* gate = b.gate + (family.gate == Gate::kNone ? 0 : first * info.ffn_size);
  float* up = b.up + first * info.ffn_size;
  const matmul::Product products[] = {
      {weights.up.weight, weights.up.bias_data(), up, info.ffn_size},
      {weights.gate.weight, weights.gate.bias_data(), gate, info.ffn_size},
  };
  const std::span<const matmul::Product> used(products, family.gate == Gate::kNone ? 1 : 2);
  matmul::Multiply(context.matmul, used, input + first * info.hidden_size, info.hidden_size, rows);
  ForEachToken(context, 0, rows, [&](std::size_t t) {
    float* row = up + t * info.ffn_size;
    const float* gate_row = gate + t * info.ffn_size;
    const bool silu = family.activation == Activation::kSilu;
    if (family.gate == Gate::kNone) {
      (silu ? context.kernels->silu : context.kernels->gelu)(row, info.ffn_size, row);
    } else {
      (silu ? context.kernels->silu_mul : context.kernels->gelu_mul)(gate_row, row, info.ffn_size,
                                                                     row);
    }
  });
  const matmul::Product down[] = {{weights.down.weight, weights.down.bias_data(),
                                   b.ffn_out + first * info.hidden_size, info.hidden_size}};
  matmul::Multiply(context.matmul, down, up, info.ffn_size, rows);
}

}  // namespace

void Embed(const ForwardContext& context, std::span<const std::int32_t> tokens,
           std::size_t position) {
  const Hyperparameters& hp = *context.hp;
  const Weights& weights = *context.weights;
  const Buffers& b = context.buffers;
  const std::size_t hidden_size = hp.info.hidden_size;
  ForEachToken(context, 0, tokens.size(), [&](std::size_t t) {
    float* x = b.hidden_state + t * hidden_size;
    const MatrixView& table = weights.token_embedding;
    float* unpacked = b.normed + t * hidden_size;  // No data type needs more bytes than floats do.
    matmul::ReadRow(*context.kernels, table, static_cast<std::size_t>(tokens[t]),
                    reinterpret_cast<std::byte*>(unpacked), x);
    if (hp.family->scale_embedding) {
      context.kernels->scale(std::sqrt(static_cast<float>(hidden_size)), hidden_size, x);
    }
    if (weights.position_embedding) {
      float* learned = b.normed + t * hidden_size;
      const MatrixView& positions = weights.position_embedding;
      context.kernels->dequantize(positions.type, positions.Row(position + t), hidden_size,
                                  learned);
      context.kernels->add(x, learned, hidden_size, x);
    }
  });
  ComputeRotaryAngles(context, tokens.size(), position);
}

void ComputeRotaryAngles(const ForwardContext& context, std::size_t count, std::size_t position) {
  const Hyperparameters& hp = *context.hp;
  const Buffers& b = context.buffers;
  const std::size_t pairs = hp.rope.dims / 2;
  const bool any_window = std::any_of(hp.info.windows.begin(), hp.info.windows.end(),
                                      [](std::size_t window) { return window != 0; });
  ForEachToken(context, 0, count, [&](std::size_t t) {
    context.rope->Fill(position + t, b.cosine + t * pairs, b.sine + t * pairs);
    if (any_window) {
      context.window_rope->Fill(position + t, b.window_cosine + t * pairs,
                                b.window_sine + t * pairs);
    }
  });
}

void NormLayerInput(const ForwardContext& context, std::size_t layer, std::size_t count) {
  const LayerWeights& weights = context.weights->layers[layer];
  const Buffers& b = context.buffers;
  const std::size_t hidden_size = context.hp->info.hidden_size;
  ForEachToken(context, 0, count, [&](std::size_t t) {
    ApplyNorm(context, weights.attention_norm, b.hidden_state + t * hidden_size, hidden_size,
              b.normed + t * hidden_size);
  });
}

void AttendLayer(const ForwardContext& context, std::size_t layer, std::size_t count,
                 std::size_t position, AttentionObserver* observer) {
  NormLayerInput(context, layer, count);
  ProjectQueryKeyValue(context, layer, count, position);
  Attend(context, layer, count, position, observer);
}

void ReplaceHead(const ForwardContext& context, const HeadAblation& ablation, std::size_t first,
                 std::size_t count) {
  const ModelInfo& info = context.hp->info;
  for (std::size_t t = first; t < count; ++t) {
    float* output = context.buffers.attended + (t * info.heads + ablation.head) * info.value_dim;
    if (ablation.replacement.empty()) {
      std::fill_n(output, info.value_dim, 0.0F);
    } else {
      std::copy_n(ablation.replacement.data(), info.value_dim, output);
    }
  }
}

bool SharesNorm(const LayerWeights& weights) {
  return !static_cast<bool>(weights.ffn_norm);
}

void FinishLayer(const ForwardContext& context, std::size_t layer, std::size_t count,
                 std::size_t first_needed) {
  const Hyperparameters& hp = *context.hp;
  const ModelInfo& info = hp.info;
  const LayerWeights& weights = context.weights->layers[layer];
  const Buffers& b = context.buffers;
  const std::size_t hidden_size = info.hidden_size;
  const std::size_t attended_row = info.heads * info.value_dim;
  const matmul::Product output[] = {{weights.attention_output.weight,
                                     weights.attention_output.bias_data(),
                                     b.projected + first_needed * hidden_size, hidden_size}};
  matmul::Multiply(context.matmul, output, b.attended + first_needed * attended_row, attended_row,
                   count - first_needed);

  // A layer whose feed-forward network has no norm of its own shares attention's, so it is
  // parallel.
  const bool own_norm = !SharesNorm(weights);
  const bool parallel = hp.parallel_residual || !own_norm;
  ForEachToken(context, first_needed, count, [&](std::size_t t) {
    float* x = b.hidden_state + t * hidden_size;
    float* projected = b.projected + t * hidden_size;
    if (weights.post_attention_norm) {
      ApplyNorm(context, weights.post_attention_norm, projected, hidden_size, projected);
    }
    if (!parallel) context.kernels->add(x, projected, hidden_size, x);
    if (own_norm) ApplyNorm(context, weights.ffn_norm, x, hidden_size, b.normed + t * hidden_size);
  });
  FeedForward(context, weights, b.normed, first_needed, count);
  ForEachToken(context, first_needed, count, [&](std::size_t t) {
    float* x = b.hidden_state + t * hidden_size;
    float* ffn = b.ffn_out + t * hidden_size;
    if (weights.post_ffn_norm) ApplyNorm(context, weights.post_ffn_norm, ffn, hidden_size, ffn);
    if (parallel) context.kernels->add(x, b.projected + t * hidden_size, hidden_size, x);
    context.kernels->add(x, ffn, hidden_size, x);
  });
}

void RunLayer(const ForwardContext& context, std::size_t layer, std::size_t count,
              std::size_t position, std::size_t first_needed, AttentionObserver* observer,
              std::span<const HeadAblation> ablations) {
  AttendLayer(context, layer, count, position, observer);
  if (first_needed >= count) return;
  for (const HeadAblation& ablation : ablations) {
    if (ablation.layer == layer) ReplaceHead(context, ablation, first_needed, count);
  }
  FinishLayer(context, layer, count, first_needed);
}

void ComputeLogits(const ForwardContext& context, std::size_t first, std::size_t count) {
  const ModelInfo& info = context.hp->info;
  const Weights& weights = *context.weights;
  const Buffers& b = context.buffers;
  ForEachToken(context, 0, count, [&](std::size_t t) {
    ApplyNorm(context, weights.output_norm, b.hidden_state + (first + t) * info.hidden_size,
              info.hidden_size, b.normed + t * info.hidden_size);
  });
  const matmul::Product product[] = {
      {weights.output.weight, weights.output.bias_data(), b.logits, info.vocabulary}};
  matmul::Multiply(context.matmul, product, b.normed, info.hidden_size, count);
  if (info.logit_softcap > 0.0F) {
    for (std::size_t t = 0; t < count; ++t) {
      context.kernels->softcap(info.logit_softcap, info.vocabulary, b.logits + t * info.vocabulary);
    }
  }
}

}  // namespace fovea::model
