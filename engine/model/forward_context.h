// What the forward pass of one stack works with, and what one layer of it is run over.
#ifndef FOVEA_MODEL_FORWARD_CONTEXT_H_
#define FOVEA_MODEL_FORWARD_CONTEXT_H_

#include <cstddef>
#include <span>

#include "engine/attention/kv_cache.h"
#include "engine/attention/tiled_attention.h"
#include "engine/kernels/dispatch/kernel_table.h"
#include "engine/matmul/matmul.h"
#include "engine/model/buffers.h"
#include "engine/model/hyperparameters.h"
#include "engine/model/rope_table.h"
#include "engine/model/weights.h"
#include "fovea/attention.h"
#include "fovea/session.h"

namespace fovea::model {

/// All that the forward pass of one stack works with; the same for every batch of a session, but
/// for what a session sets before it runs one.
struct ForwardContext {
  const Hyperparameters* hp = nullptr;
  const Weights* weights = nullptr;
  const StackInfo* info = nullptr;
  const Stack* stack = nullptr;
  AttentionStream stream = AttentionStream::kSelf;  ///< Of the stack's self-attention.
  const kernels::KernelTable* kernels = nullptr;
  platform::Parallel* parallel = nullptr;
  matmul::Context matmul;
  attention::Context attention;
  attention::KvCache* cache = nullptr;  ///< An encoder's has one layer, which all layers use.
  AttentionBias bias;                   ///< Of self-attention, by distance.
  Buffers buffers;
  std::size_t batch = 0;  ///< Tokens that buffers hold, hidden_state and angles aside.
  const RopeTable* rope = nullptr;
  const RopeTable* window_rope = nullptr;
  const RopeTable* sinusoids = nullptr;  ///< Of PositionKind::kSinusoidal.

  // A decoder that attends to an encoder's output:
  attention::KvCache* cross_cache = nullptr;  ///< A layer for each of the decoder's.
  std::size_t cross_keys = 0;                 ///< Tokens of the encoder's text.
  bool cross_keys_are_new = false;            ///< No observer has had them yet.
};

/// One layer over the tokens [position, position + count), which are in hidden_state.
struct LayerRun {
  std::size_t layer = 0;
  std::size_t position = 0;
  std::size_t count = 0;
  /// What follows self-attention is computed only for the tokens from here on, counted within the
  /// batch; nobody reads the last layer's output of earlier ones.
  std::size_t first_needed = 0;
  AttentionObserver* observer = nullptr;
  std::span<const HeadAblation> ablations = {};  ///< Those of this layer and stream apply.
};

}  // namespace fovea::model

#endif  // FOVEA_MODEL_FORWARD_CONTEXT_H_
