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

/// Reads the rows of the call's own positions, all KV heads, with `read` (ReadKey or ReadValue).
template <typename ReadFunction>
void Gather(const Call& call, const KeyValueView& view, std::size_t dim, const ReadFunction& read,
            float* out) {
  for (std::size_t t = 0; t < call.tokens; ++t) {
    for (std::size_t kv_head = 0; kv_head < call.kv_heads; ++kv_head, out += dim) {
      read(view, kv_head, call.mask.first_query + t, dim, out);
    }
  }
}

}  // namespace

void DeliverValues(const Call& call, float* values) {
  Gather(call, call.value, call.value_dim, ReadValue, values);
  call.observer->OnValues({.stream = call.stream,
                           .layer = call.layer,
                           .begin = call.mask.first_query,
                           .count = call.tokens,
                           .kv_heads = call.kv_heads,
                           .value_dim = call.value_dim,
                           .value = values});
}

void DeliverTrace(const Call& call, Isa isa, const float* log_sum_exp, float* queries,
                  float* keys) {
  Gather(call, call.key, call.head_dim, ReadKey, keys);
  call.observer->OnTrace({.stream = call.stream,
                          .layer = call.layer,
                          .query_begin = call.mask.first_query,
                          .query_count = call.tokens,
                          .heads = call.heads,
                          .kv_heads = call.kv_heads,
                          .head_dim = call.head_dim,
                          .query = PackedQueries(call, queries),
                          .key = keys,
                          .log_sum_exp = log_sum_exp,
                          .scale = call.scale,
                          .softcap = call.softcap,
                          .mask = call.mask.kind,
                          .window = call.mask.window,
                          .isa = isa});
}

}  // namespace fovea::attention
