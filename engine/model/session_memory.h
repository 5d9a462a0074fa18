// The memory of a session, planned in one place with checked arithmetic: how many bytes each buffer
// has, where it starts in the one block of scratch, and what all of it amounts to before it is
// allocated.
#ifndef FOVEA_MODEL_SESSION_MEMORY_H_
#define FOVEA_MODEL_SESSION_MEMORY_H_

#include <algorithm>
#include <array>
#include <cstddef>

#include "engine/attention/kv_cache.h"
#include "engine/attention/scratch_layout.h"
#include "engine/kernels/dispatch/kernel_table.h"
#include "engine/matmul/matmul.h"
#include "engine/model/buffers.h"
#include "engine/model/hyperparameters.h"
#include "fovea/session.h"
#include "fovea/status.h"

namespace fovea::model {

/// Where one of the buffers starts in the block of scratch memory.
struct BufferPlace {
  float* Buffers::*buffer = nullptr;
  std::size_t offset = 0;  // bytes
};

/// What lies where in the block of scratch memory of a session. Offsets and `total` in bytes.
struct ScratchLayout {
  std::array<BufferPlace, 18> buffers;
  std::size_t matmul = 0;
  std::size_t matmul_floats = 0;  // matmul::ScratchFloats
  std::size_t attention = 0;
  std::size_t attention_floats = 0;  // attention::ScratchFloats, no observer
  std::size_t encoder_bias = 0;
  std::size_t encoder_bias_floats = 0;  // DistanceBiasFloats
  std::size_t decoder_bias = 0;
  std::size_t decoder_bias_floats = 0;  // DistanceBiasFloats
  std::size_t total = 0;
};

/// Threads of a session, at most.
inline constexpr std::size_t kMaxThreads = 256;

/// Rows of logits that are computed at once when every position's are wanted.
inline constexpr std::size_t kLogitRows = 16;

struct SessionPlan {
  std::size_t context_size = 0;          ///< Of the decoder, or of the model's only stack.
  std::size_t encoder_context_size = 0;  ///< 0 without an encoder.
  std::size_t prefill_batch = 0;
  std::size_t threads = 1;
  Arithmetic arithmetic = Arithmetic::kFast;
  const kernels::KernelTable* kernels = nullptr;
  attention::KvCacheShape kv;          ///< Of the decoder, or one layer of the only encoder.
  attention::KvCacheShape encoder_kv;  ///< Of an encoder–decoder: one layer of its encoder.
  attention::KvCacheShape cross_kv;    ///< Of an encoder–decoder.
  matmul::ScratchShape matmul;
  ScratchLayout scratch;
  MemoryPlan memory;
  platform::MemorySource source;       ///< The host's allocator, if there is one.
  TaskRunner* host_threads = nullptr;  ///< The host's executor, if there is one.

  /// Rows of logits that are computed at once.
  std::size_t logit_rows() const { return std::min(prefill_batch, kLogitRows); }
};

/// Resolves defaults, checks options against the model, and sizes everything. Allocates nothing.
Result<SessionPlan> PlanSession(const Hyperparameters& hp, const SessionOptions& options);

/// The sizes that sessions of this plan need attention scratch for, without an observer.
attention::ScratchShape AttentionScratchShape(const Hyperparameters& hp, const SessionPlan& plan);

}  // namespace fovea::model

#endif  // FOVEA_MODEL_SESSION_MEMORY_H_
