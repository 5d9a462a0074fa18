// The arguments of one call of tiled attention.
#ifndef FOVEA_ATTENTION_ATTENTION_CALL_H_
#define FOVEA_ATTENTION_ATTENTION_CALL_H_

#include <cstddef>

#include "engine/attention/key_value_view.h"
#include "fovea/attention.h"

namespace fovea::attention {

/// One layer's attention over `tokens` new queries and `positions` cached keys.
struct Call {
  std::size_t tokens = 0;
  std::size_t heads = 0;
  std::size_t kv_heads = 0;  ///< Divides heads.
  std::size_t head_dim = 0;
  std::size_t value_dim = 0;
  std::size_t positions = 0;
  const float* query = nullptr;  ///< [tokens, heads, head_dim], token t at query + t * query_stride
  std::size_t query_stride = 0;
  KeyValueView key;    ///< [positions, kv_heads, head_dim]
  KeyValueView value;  ///< [positions, kv_heads, value_dim], as `key`; of the key's type, or
                       ///< kQ8_0 beside keys of kF16.
  Mask mask;           ///< mask.first_query is the position of query 0
  float scale = 1.0F;
  float softcap = 0.0F;
  float* out = nullptr;  ///< [tokens, heads, value_dim], token t at out + t * out_stride
  std::size_t out_stride = 0;

  // Observation. `layer` and `stream` are only passed on.
  AttentionObserver* observer = nullptr;  ///< Null: nobody observes.
  AttentionStream stream = AttentionStream::kSelf;
  std::size_t layer = 0;
};

}  // namespace fovea::attention

#endif  // FOVEA_ATTENTION_ATTENTION_CALL_H_
