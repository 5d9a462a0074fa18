// The arguments of one call of tiled attention.
#ifndef FOVEA_ATTENTION_ATTENTION_CALL_H_
#define FOVEA_ATTENTION_ATTENTION_CALL_H_

#include <cstddef>
#include <optional>

#include "engine/attention/key_value_view.h"
#include "fovea/attention.h"

namespace fovea::attention {

/// One layer's attention over `tokens` new queries and `positions` cached keys: of the same
/// sequence, or of another one (cross-attention), which takes Mask::Kind::kNone.
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
  Mask mask;           ///< mask.first_query is the position of query 0 in its own sequence
  float scale = 1.0F;
  float softcap = 0.0F;
  AttentionBias bias = {};  ///< Has every distance that a query attends to.
  float* out = nullptr;     ///< [tokens, heads, value_dim], token t at out + t * out_stride
  std::size_t out_stride = 0;

  // Observation. `layer` and `stream` are only passed on.
  AttentionObserver* observer = nullptr;  ///< Null: nobody observes.
  AttentionStream stream = AttentionStream::kSelf;
  std::size_t layer = 0;
  /// Keys and values that an observer is given with this call. Nothing: those of the queries'
  /// positions, as in self-attention. In cross-attention all of them with the first call after they
  /// were computed, and an empty range later.
  std::optional<Mask::Range> new_keys = std::nullopt;
};

/// Call::new_keys, or the positions of the queries.
inline Mask::Range NewKeys(const Call& call) {
  return call.new_keys.value_or(
      Mask::Range{call.mask.first_query, call.mask.first_query + call.tokens});
}

}  // namespace fovea::attention

#endif  // FOVEA_ATTENTION_ATTENTION_CALL_H_
