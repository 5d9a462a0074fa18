#include "engine/model/forward_pass.h"

#include <algorithm>

#include "engine/model/feed_forward.h"
#include "engine/model/token_work.h"

namespace fovea::model {
namespace {

/// Normalizes each head, or the whole row, if there is a norm; then rotates each head. x: [heads,
/// head_dim]
void NormAndRotateHeads(const ForwardContext& context, const Norm& norm, bool whole_row,
                        const float* cosine, const float* sine, std::size_t heads, float* x) {
  const Hyperparameters& hp = *context.hp;
  const std::size_t dim = context.info->head_dim;
  const std::size_t pairs = hp.rope.dims / 2;
  const auto layout = hp.family->positions == PositionKind::kRopeInterleaved
                          ? kernels::RopeLayout::kInterleaved
                          : kernels::RopeLayout::kHalves;
  if (norm && whole_row) ApplyNorm(context, norm, x, heads * dim, x);
  for (std::size_t head = 0; head < heads; ++head) {
    float* row = x + head * dim;
    // A weight longer than a head holds one norm per head.
    const std::size_t offset = norm.weight.size() > dim ? head * dim : 0;
    if (norm && !whole_row) ApplyNorm(context, norm, row, dim, row, offset);
    if (pairs > 0) context.kernels->rope(row, cosine, sine, pairs, layout);
  }
}

/// Which of a layer's projections a call computes.
struct Projections {
  bool queries = true;
  bool keys = true;  ///< And values.
};

/// Computes queries, keys and values of the batch from `input` [count, hidden_size]; stores keys
/// and values in the cache.
void ProjectQueryKeyValue(const ForwardContext& context, const LayerRun& run, const float* input,
                          Projections wanted) {
  const StackInfo& info = *context.info;
  const AttentionWeights& weights = context.stack->layers[run.layer].sublayers.front().attention;
  const Buffers& b = context.buffers;
  const std::size_t query_row = info.heads * info.head_dim;
  const std::size_t key_row = info.kv_heads * info.head_dim;
  const std::size_t value_row = info.kv_heads * info.value_dim;
  const matmul::Product products[] = {
      {weights.query.weight, weights.query.bias_data(), b.query, query_row},
      {weights.key.weight, weights.key.bias_data(), b.key, key_row},
      {weights.value.weight, weights.value.bias_data(), b.value, value_row},
  };
  const std::size_t first = wanted.queries ? 0 : 1;
  const std::size_t end = wanted.keys ? 3 : 1;
  matmul::Multiply(context.matmul, std::span(products + first, end - first), input,
                   info.hidden_size, run.count);

  const bool windowed = info.windows[run.layer] != 0;
  const float* cosine = windowed ? b.window_cosine : b.cosine;
  const float* sine = windowed ? b.window_sine : b.sine;
  const std::size_t pairs = context.hp->rope.dims / 2;
  const std::size_t cache_layer = info.causal ? run.layer : 0;
  ForEachToken(context, 0, run.count, [&](std::size_t t) {
    if (wanted.queries) {
      NormAndRotateHeads(context, weights.query_norm, weights.norms_of_rows, cosine + t * pairs,
                         sine + t * pairs, info.heads, b.query + t * query_row);
    }
    if (!wanted.keys) return;
    NormAndRotateHeads(context, weights.key_norm, weights.norms_of_rows, cosine + t * pairs,
                       sine + t * pairs, info.kv_heads, b.key + t * key_row);
    context.cache->Store(*context.kernels, cache_layer, run.position + t, b.key + t * key_row,
                         b.value + t * value_row);
  });
}

/// What calls of both kinds of attention have in common. Queries and outputs are those of the
/// tokens from `first` on.
attention::Call CallOf(const ForwardContext& context, const LayerRun& run, std::size_t first) {
  const StackInfo& info = *context.info;
  attention::Call call;
  call.tokens = run.count - first;
  call.heads = info.heads;
  call.kv_heads = info.kv_heads;
  call.head_dim = info.head_dim;
  call.value_dim = info.value_dim;
  call.query_stride = info.heads * info.head_dim;
  call.query = context.buffers.query + first * call.query_stride;
  call.mask.first_query = run.position + first;
  call.scale = info.attention_scale;
  call.softcap = info.attention_softcap;
  call.out_stride = info.heads * info.value_dim;
  call.out = context.buffers.attended + first * call.out_stride;
  call.observer = run.observer;
  call.layer = run.layer;
  return call;
}

Mask::Kind MaskKindOf(bool causal, bool windowed) {
  if (causal) return windowed ? Mask::Kind::kSlidingWindow : Mask::Kind::kCausal;
  return windowed ? Mask::Kind::kSymmetricWindow : Mask::Kind::kNone;
}

/// keys: positions in the cache that the batch may attend to, its own included.
void AttendSelf(const ForwardContext& context, const LayerRun& run, std::size_t keys) {
  const StackInfo& info = *context.info;
  const std::size_t cache_layer = info.causal ? run.layer : 0;
  const std::size_t window = info.windows[run.layer];
  attention::Call call = CallOf(context, run, 0);
  call.stream = context.stream;
  call.positions = keys;
  call.key = context.cache->Keys(cache_layer);
  call.value = context.cache->Values(cache_layer);
  call.mask.kind = MaskKindOf(info.causal, window != 0);
  call.mask.window = window;
  call.bias = context.bias;
  attention::Run(context.attention, call);
}

/// Queries of the tokens from first_needed on, against the keys of the encoder's output.
void AttendCross(const ForwardContext& context, const LayerRun& run, const Sublayer& sublayer,
                 const float* input) {
  const StackInfo& info = *context.info;
  const std::size_t first = run.first_needed;
  const std::size_t query_row = info.heads * info.head_dim;
  const Linear& query = sublayer.attention.query;
  const matmul::Product product[] = {
      {query.weight, query.bias_data(), context.buffers.query + first * query_row, query_row}};
  matmul::Multiply(context.matmul, product, input + first * info.hidden_size, info.hidden_size,
                   run.count - first);
  attention::Call call = CallOf(context, run, first);
  call.stream = AttentionStream::kCross;
  call.positions = context.cross_keys;
  call.key = context.cross_cache->Keys(run.layer);
  call.value = context.cross_cache->Values(run.layer);
  call.mask.kind = Mask::Kind::kNone;
  call.new_keys = Mask::Range{0, context.cross_keys_are_new ? context.cross_keys : 0};
  attention::Run(context.attention, call);
}

void ReplaceHeads(const ForwardContext& context, const LayerRun& run, AttentionStream stream) {
  for (const HeadAblation& ablation : run.ablations) {
    if (ablation.layer == run.layer && ablation.stream == stream) {
      ReplaceHead(context, ablation, run.first_needed, run.count);
    }
  }
}

/// The output projection of attention, for the tokens from first_needed on.
void ProjectAttention(const ForwardContext& context, const LayerRun& run,
                      const Sublayer& sublayer) {
  const StackInfo& info = *context.info;
  const Buffers& b = context.buffers;
  const std::size_t first = run.first_needed;
  const std::size_t attended_row = info.heads * info.value_dim;
  const Linear& output = sublayer.attention.output;
  const matmul::Product product[] = {{output.weight, output.bias_data(),
                                      b.projected + first * info.hidden_size, info.hidden_size}};
  matmul::Multiply(context.matmul, product, b.attended + first * attended_row, attended_row,
                   run.count - first);
}

/// What a sublayer reads: [count, hidden_size].
const float* InputOf(const ForwardContext& context, const Sublayer& sublayer) {
  const bool normed = sublayer.shares_input || static_cast<bool>(sublayer.norm_before);
  return normed ? context.buffers.normed : context.buffers.hidden_state;
}

/// Adds a sublayer's output to the residual stream, `pending` [count, hidden_size] before it if
/// that is not null; then normalizes the input of the next sublayer, if there is one.
void AddResidual(const ForwardContext& context, const LayerRun& run, const Sublayer& sublayer,
                 float* output, const float* pending, const Sublayer* next) {
  const std::size_t n = context.info->hidden_size;
  const Buffers& b = context.buffers;
  ForEachToken(context, run.first_needed, run.count, [&](std::size_t t) {
    float* x = b.hidden_state + t * n;
    float* out = output + t * n;
    if (context.hp->residual_scale != 1.0F) {
      context.kernels->scale(context.hp->residual_scale, n, out);
    }
    if (sublayer.norm_after) ApplyNorm(context, sublayer.norm_after, out, n, out);
    if (sublayer.norm_again) {
      context.kernels->add(x, out, n, out);
      ApplyNorm(context, sublayer.norm_residual, out, n, out);
      context.kernels->add(x, out, n, x);
      ApplyNorm(context, sublayer.norm_again, x, n, x);
      return;
    }
    if (!sublayer.parallel_with_next) {
      if (pending != nullptr) context.kernels->add(x, pending + t * n, n, x);
      context.kernels->add(x, out, n, x);
    }
    if (sublayer.norm_residual) ApplyNorm(context, sublayer.norm_residual, x, n, x);
    if (next != nullptr && next->norm_before) {
      ApplyNorm(context, next->norm_before, x, n, b.normed + t * n);
    }
  });
}

/// Calls body(context, run) for every batch of the text.
template <typename Body>
void ForEachBatch(const ForwardContext& context, const LayerRun& run, const Body& body) {
  for (std::size_t begin = 0; begin < run.count; begin += context.batch) {
    LayerRun part = run;
    part.position = begin;
    part.count = std::min(context.batch, run.count - begin);
    body(BatchOf(context, begin), part);
  }
}

}  // namespace

void NormLayerInput(const ForwardContext& context, std::size_t layer, std::size_t count) {
  const Sublayer& sublayer = context.stack->layers[layer].sublayers.front();
  if (!sublayer.norm_before) return;
  const Buffers& b = context.buffers;
  const std::size_t n = context.info->hidden_size;
  ForEachToken(context, 0, count, [&](std::size_t t) {
    ApplyNorm(context, sublayer.norm_before, b.hidden_state + t * n, n, b.normed + t * n);
  });
}

void AttendLayer(const ForwardContext& context, const LayerRun& run) {
  NormLayerInput(context, run.layer, run.count);
  const Sublayer& sublayer = context.stack->layers[run.layer].sublayers.front();
  ProjectQueryKeyValue(context, run, InputOf(context, sublayer), {});
  AttendSelf(context, run, run.position + run.count);
}

void ReplaceHead(const ForwardContext& context, const HeadAblation& ablation, std::size_t first,
                 std::size_t count) {
  const StackInfo& info = *context.info;
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
  return weights.sublayers.back().shares_input;
}

void FinishLayer(const ForwardContext& context, const LayerRun& run) {
  const std::vector<Sublayer>& sublayers = context.stack->layers[run.layer].sublayers;
  const Buffers& b = context.buffers;
  const float* pending = nullptr;
  for (const Sublayer& sublayer : sublayers) {
    const Sublayer* next = &sublayer == &sublayers.back() ? nullptr : &sublayer + 1;
    float* output = b.projected;
    switch (sublayer.kind) {
      case SublayerKind::kSelfAttention: ProjectAttention(context, run, sublayer); break;
      case SublayerKind::kCrossAttention:
        AttendCross(context, run, sublayer, InputOf(context, sublayer));
        ReplaceHeads(context, run, AttentionStream::kCross);
        ProjectAttention(context, run, sublayer);
        break;
      case SublayerKind::kFeedForward:
        FeedForward(context, run, sublayer.feed_forward, InputOf(context, sublayer));
        output = b.ffn_out;
        break;
    }
    AddResidual(context, run, sublayer, output, pending, next);
    pending = sublayer.parallel_with_next ? output : nullptr;
  }
}

void RunLayer(const ForwardContext& context, const LayerRun& run) {
  AttendLayer(context, run);
  if (run.first_needed >= run.count) return;
  ReplaceHeads(context, run, context.stream);
  FinishLayer(context, run);
}

void RunEncoderLayer(const ForwardContext& context, const LayerRun& run) {
  if (run.count <= context.batch) return RunLayer(context, run);
  const Sublayer& sublayer = context.stack->layers[run.layer].sublayers.front();
  // All keys first: the first batch attends to those of the last.
  ForEachBatch(context, run, [&](const ForwardContext& batch, const LayerRun& part) {
    NormLayerInput(batch, part.layer, part.count);
    ProjectQueryKeyValue(batch, part, InputOf(batch, sublayer), {.queries = false});
  });
  ForEachBatch(context, run, [&](const ForwardContext& batch, const LayerRun& part) {
    NormLayerInput(batch, part.layer, part.count);
    ProjectQueryKeyValue(batch, part, InputOf(batch, sublayer), {.keys = false});
    AttendSelf(batch, part, run.count);
    ReplaceHeads(batch, part, batch.stream);
    FinishLayer(batch, part);
  });
}

void StoreCrossKeys(const ForwardContext& decoder, const float* encoded, std::size_t count) {
  const StackInfo& info = *decoder.info;
  const Buffers& b = decoder.buffers;
  const std::size_t key_row = info.kv_heads * info.head_dim;
  const std::size_t value_row = info.kv_heads * info.value_dim;
  for (std::size_t layer = 0; layer < info.layers; ++layer) {
    for (const Sublayer& sublayer : decoder.stack->layers[layer].sublayers) {
      if (sublayer.kind != SublayerKind::kCrossAttention) continue;
      const Linear& key = sublayer.attention.key;
      const Linear& value = sublayer.attention.value;
      const matmul::Product products[] = {{key.weight, key.bias_data(), b.key, key_row},
                                          {value.weight, value.bias_data(), b.value, value_row}};
      for (std::size_t begin = 0; begin < count; begin += decoder.batch) {
        const std::size_t tokens = std::min(decoder.batch, count - begin);
        matmul::Multiply(decoder.matmul, products, encoded + begin * info.hidden_size,
                         info.hidden_size, tokens);
        ForEachToken(decoder, 0, tokens, [&](std::size_t t) {
          decoder.cross_cache->Store(*decoder.kernels, layer, begin + t, b.key + t * key_row,
                                     b.value + t * value_row);
        });
      }
    }
  }
}

}  // namespace fovea::model
