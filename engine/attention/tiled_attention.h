// Tiled attention with an online softmax (Milakov & Gimelshein 2018, Dao et al. 2022): walks blocks
// of query rows and keys, never holds the whole matrix, and shows an observer exactly what it
// computed.
#ifndef FOVEA_ATTENTION_TILED_ATTENTION_H_
#define FOVEA_ATTENTION_TILED_ATTENTION_H_

#include <cstddef>
#include <span>

#include "engine/attention/key_value_view.h"
#include "engine/kernels/dispatch/kernel_table.h"
#include "fovea/attention.h"
#include "platform/parallel.h"

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
  KeyValueView value;  ///< [positions, kv_heads, value_dim], laid out alike; of the key's type, or
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

struct Context {
  const kernels::KernelTable* kernels = nullptr;
  platform::Parallel* parallel = nullptr;
  std::span<float> scratch = {};  ///< At least ScratchFloats (scratch_layout.h); 64-byte aligned.
};

/// Runs all heads. Bit-equal for any number of workers and any split of queries into calls,
/// observed or not. If the observer's selection includes this layer it gets rows of the selected
/// heads and, if asked for, the values (before the rows) and one trace of the call's tokens.
void Run(const Context& context, const Call& call);

}  // namespace fovea::attention

#endif  // FOVEA_ATTENTION_TILED_ATTENTION_H_
