// From token ids to the hidden states that enter the first layer.
#include <algorithm>

#include "engine/matmul/read_row.h"
#include "engine/model/forward_pass.h"
#include "engine/model/token_work.h"

namespace fovea::model {
namespace {

/// x += row `row` of the table. unpacked: scratch, [n].
void AddRow(const ForwardContext& context, const MatrixView& table, std::size_t row,
            float* unpacked, std::size_t n, float* x) {
  context.kernels->dequantize(table.type, table.Row(row), n, unpacked);
  context.kernels->add(x, unpacked, n, x);
}

/// x += the sines of the position, then its cosines (Marian's order). scratch: [n]
void AddSinusoids(const ForwardContext& context, std::size_t position, float* scratch,
                  std::size_t n, float* x) {
  context.sinusoids->Fill(position, scratch + n / 2, scratch);
  context.kernels->add(x, scratch, n, x);
}

}  // namespace

void Embed(const ForwardContext& context, std::span<const std::int32_t> tokens,
           std::span<const std::int32_t> token_types, std::size_t position) {
  const Hyperparameters& hp = *context.hp;
  const Weights& weights = *context.weights;
  const Stack& stack = *context.stack;
  const Buffers& b = context.buffers;
  const std::size_t hidden_size = context.info->hidden_size;
  const std::size_t n = hp.embedding_size;
  const Linear& projection = weights.embedding_projection;
  float* embedded = projection.weight ? b.projected : b.hidden_state;
  ForEachToken(context, 0, tokens.size(), [&](std::size_t t) {
    float* x = embedded + t * n;
    float* scratch = b.normed + t * hidden_size;  // No data type needs more bytes than floats do.
    matmul::ReadRow(*context.kernels, weights.token_embedding, static_cast<std::size_t>(tokens[t]),
                    reinterpret_cast<std::byte*>(scratch), x);
    if (hp.embedding_scale != 1.0F) context.kernels->scale(hp.embedding_scale, n, x);
    if (stack.position_embedding) {
      AddRow(context, stack.position_embedding, position + t, scratch, n, x);
    } else if (context.sinusoids != nullptr) {
      AddSinusoids(context, position + t, scratch, n, x);
    }
    if (weights.token_types) {
      const std::size_t type = token_types.empty() ? 0 : static_cast<std::size_t>(token_types[t]);
      AddRow(context, weights.token_types, type, scratch, n, x);
    }
    if (stack.embedding_norm) ApplyNorm(context, stack.embedding_norm, x, n, x);
  });
  if (projection.weight) {
    const matmul::Product product[] = {
        {projection.weight, projection.bias_data(), b.hidden_state, hidden_size}};
    matmul::Multiply(context.matmul, product, embedded, n, tokens.size());
  }
  ComputeRotaryAngles(context, tokens.size(), position);
}

void EmbedText(const ForwardContext& context, std::span<const std::int32_t> tokens,
               std::span<const std::int32_t> token_types) {
  for (std::size_t begin = 0; begin < tokens.size(); begin += context.batch) {
    const std::size_t count = std::min(context.batch, tokens.size() - begin);
    Embed(BatchOf(context, begin), tokens.subspan(begin, count),
          token_types.empty() ? token_types : token_types.subspan(begin, count), begin);
  }
}

void ComputeRotaryAngles(const ForwardContext& context, std::size_t count, std::size_t position) {
  const Buffers& b = context.buffers;
  const std::size_t pairs = context.hp->rope.dims / 2;
  if (pairs == 0) return;
  const std::vector<std::size_t>& windows = context.info->windows;
  const bool any_window =
      std::any_of(windows.begin(), windows.end(), [](std::size_t window) { return window != 0; });
  ForEachToken(context, 0, count, [&](std::size_t t) {
    context.rope->Fill(position + t, b.cosine + t * pairs, b.sine + t * pairs);
    if (any_window) {
      context.window_rope->Fill(position + t, b.window_cosine + t * pairs,
                                b.window_sine + t * pairs);
    }
  });
}

}  // namespace fovea::model
