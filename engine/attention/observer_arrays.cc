#include "engine/attention/observer_arrays.h"

#include <algorithm>
#include <cstddef>

namespace fovea::attention {
namespace {

/// The queries as [tokens, heads, head_dim]; copied only if the caller's rows are not packed.
const float* PackedQueries(const Call& call, float* packed) {
  const std::size_t row_size = call.heads * call.head_dim;
  if (call.tokens == 1 || call.query_stride == row_size) return call.query;
  for (std::size_t t = 0; t < call.tokens; ++t) {
    std::copy_n(call.query + t * call.query_stride, row_size, packed + t * row_size);
  }
  return packed;
}

/// Reads the rows of the positions `keys`, all KV heads, with `read` (ReadKey or ReadValue).
template <typename ReadFunction>
void Gather(const Mask::Range& keys, std::size_t kv_heads, const KeyValueView& view,
            std::size_t dim, const ReadFunction& read, float* out) {
  for (std::size_t position = keys.begin; position < keys.end; ++position) {
    for (std::size_t kv_head = 0; kv_head < kv_heads; ++kv_head, out += dim) {
      read(view, kv_head, position, dim, out);
    }
  }
}

}  // namespace

void DeliverValues(const Call& call, float* values) {
  const Mask::Range keys = NewKeys(call);
  if (keys.begin == keys.end) return;
  Gather(keys, call.kv_heads, call.value, call.value_dim, ReadValue, values);
  call.observer->OnValues({.stream = call.stream,
                           .layer = call.layer,
                           .begin = keys.begin,
                           .count = keys.end - keys.begin,
                           .kv_heads = call.kv_heads,
                           .value_dim = call.value_dim,
                           .value = values});
}

void DeliverTrace(const Call& call, Isa isa, const float* log_sum_exp, float* queries,
                  float* keys) {
  const Mask::Range range = NewKeys(call);
  Gather(range, call.kv_heads, call.key, call.head_dim, ReadKey, keys);
  call.observer->OnTrace({.stream = call.stream,
                          .layer = call.layer,
                          .query_begin = call.mask.first_query,
                          .query_count = call.tokens,
                          .key_begin = range.begin,
                          .key_count = range.end - range.begin,
                          .heads = call.heads,
                          .kv_heads = call.kv_heads,
                          .head_dim = call.head_dim,
                          .query = PackedQueries(call, queries),
                          .key = keys,
                          .log_sum_exp = log_sum_exp,
                          .scale = call.scale,
                          .softcap = call.softcap,
                          .bias = call.bias,
                          .mask = call.mask.kind,
                          .window = call.mask.window,
                          .isa = isa});
}

}  // namespace fovea::attention
