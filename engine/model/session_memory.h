// The memory of a session, planned in one place with checked arithmetic: how many bytes each buffer
// has, where it starts in the one block of scratch, and what all of it amounts to before it is
// allocated.
#ifndef FOVEA_MODEL_SESSION_MEMORY_H_
#define FOVEA_MODEL_SESSION_MEMORY_H_

#include <cstddef>

#include "engine/attention/kv_cache.h"
#include "engine/attention/scratch_layout.h"
#include "engine/kernels/dispatch/kernel_table.h"
#include "engine/matmul/matmul.h"
#include "engine/model/hyperparameters.h"
#include "fovea/session.h"
#include "fovea/status.h"

namespace fovea::model {

/// Offsets in bytes into the scratch block; `prefill_batch` rows each unless stated.
struct ScratchLayout {
  std::size_t hidden_state = 0;   // [prefill_batch, hidden_size], the residual stream
  std::size_t normed = 0;         // [prefill_batch, hidden_size]
  std::size_t query = 0;          // [prefill_batch, heads, head_dim]
  std::size_t key = 0;            // [prefill_batch, kv_heads, head_dim]
  std::size_t value = 0;          // [prefill_batch, kv_heads, value_dim]
  std::size_t attended = 0;       // [prefill_batch, heads, value_dim]
  std::size_t projected = 0;      // [prefill_batch, hidden_size]
  std::size_t gate = 0;           // [prefill_batch, ffn_size]
  std::size_t up = 0;             // [prefill_batch, ffn_size]
  std::size_t ffn_out = 0;        // [prefill_batch, hidden_size]
  std::size_t cosine = 0;         // [prefill_batch, pairs]
  std::size_t sine = 0;           // [prefill_batch, pairs]
  std::size_t window_cosine = 0;  // [prefill_batch, pairs]
  std::size_t window_sine = 0;    // [prefill_batch, pairs]
  std::size_t logits = 0;         // [logit_rows, vocabulary]
  std::size_t matmul = 0;         // matmul::ScratchFloats
  std::size_t attention = 0;      // attention::ScratchFloats, no observer
  std::size_t matmul_floats = 0;
  std::size_t attention_floats = 0;
  std::size_t total = 0;
};

/// Threads of a session, at most.
inline constexpr std::size_t kMaxThreads = 256;

/// Rows of logits that are computed at once when every position's are wanted.
inline constexpr std::size_t kLogitRows = 16;

struct SessionPlan {
  std::size_t context_size = 0;
  std::size_t prefill_batch = 0;
  std::size_t threads = 1;
  Arithmetic arithmetic = Arithmetic::kFast;
  const kernels::KernelTable* kernels = nullptr;
  attention::KvCacheShape kv;
  matmul::ScratchShape matmul;
  ScratchLayout scratch;
  MemoryPlan memory;
  platform::MemorySource source;       ///< Of the application, if it lends memory.
  TaskRunner* host_threads = nullptr;  ///< Of the application, if it lends threads.
};

/// Resolves defaults, checks options against the model, and sizes everything. Allocates nothing.
Result<SessionPlan> PlanSession(const Hyperparameters& hp, const SessionOptions& options);

/// What attention::ScratchFloats is asked for by sessions of this plan.
attention::ScratchShape AttentionScratchShape(const Hyperparameters& hp, const SessionPlan& plan);

}  // namespace fovea::model

#endif  // FOVEA_MODEL_SESSION_MEMORY_H_
