// What an observer is given of a whole call: its values, and the trace of its queries and keys.
#ifndef FOVEA_ATTENTION_OBSERVER_ARRAYS_H_
#define FOVEA_ATTENTION_OBSERVER_ARRAYS_H_

#include "engine/attention/attention_call.h"

namespace fovea::attention {

/// Calls OnValues with the values of NewKeys(call) as the KV cache holds them, if there are any.
/// values: scratch, [new keys, kv_heads, value_dim]
void DeliverValues(const Call& call, float* values);

/// Calls OnTrace. isa: of the kernels that computed the call; log_sum_exp: [heads, tokens];
/// queries: scratch, [tokens, heads, head_dim], used if the call's rows are not packed; keys:
/// scratch, [new keys, kv_heads, head_dim]
void DeliverTrace(const Call& call, Isa isa, const float* log_sum_exp, float* queries, float* keys);

}  // namespace fovea::attention

#endif  // FOVEA_ATTENTION_OBSERVER_ARRAYS_H_
