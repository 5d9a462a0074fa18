// What a Session owns: a runner, and what changes from call to call.
#ifndef FOVEA_MODEL_SESSION_IMPL_H_
#define FOVEA_MODEL_SESSION_IMPL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "engine/model/forward_pass.h"
#include "engine/model/model_impl.h"
#include "engine/model/runner.h"
#include "engine/model/session_memory.h"
#include "engine/model/step_threads.h"
#include "fovea/session.h"
#include "platform/aligned_buffer.h"
#include "platform/parallel.h"

namespace fovea {

struct Session::Impl {
  explicit Impl(std::unique_ptr<model::Runner> created)
      : runner(std::move(created)),
        forward(runner->forward()),
        encoder(runner->encoder()),
        step_threads(runner->model().hp, runner->model().weights, plan().arithmetic,
                     plan().kernels->isa) {
    forward.attention.not_finite = &attention_not_finite;
    encoder.attention.not_finite = &attention_not_finite;
  }

  std::unique_ptr<model::Runner> runner;
  // The runner's, but for the attention scratch of an observed run, the threads of a small step,
  // and what the last Encode left. Of a model with one stack both are the same.
  model::ForwardContext forward;
  model::ForwardContext encoder;
  model::StepThreads step_threads;
  mutable platform::SerialParallel caller_only;
  bool adaptive_threads = true;
  std::size_t max_memory = 0;
  platform::AlignedBuffer observer_scratch;        // Grown when an observer first asks for more.
  std::atomic<bool> attention_not_finite = false;  // Of the current call.
  std::size_t position = 0;                        // Of the decoder.
  std::size_t encoded = 0;                         // Tokens of the last Encode.
  const AttentionObserver* cross_keys_went_to = nullptr;  // Since the last Encode.
  std::vector<float> embedding;                           // Of the last Embed. [hidden_size]

  const ModelInfo& info() const { return runner->model().hp.info; }
  const model::SessionPlan& plan() const { return runner->plan(); }

  /// What Prefill, Decode and Encode check before they run.
  Status Prepare(const RunOptions& run);
  Status PrepareObserver(AttentionObserver* observer);
  /// kNonFinite if a row of attention had no finite weights since Prepare.
  Status CheckAttention() const;
  Status CheckAblations(std::span<const HeadAblation> ablations) const;
  void ChooseThreads(std::size_t tokens, std::size_t first_position,
                     model::ForwardContext& context) const;

  Status CheckTokens(std::span<const std::int32_t> tokens) const;
  Result<std::span<const float>> Run(std::span<const std::int32_t> tokens, const RunOptions& run);
  /// The tokens [begin, begin + count) of a call.
  Status RunBatch(std::span<const std::int32_t> tokens, std::size_t begin, std::size_t count,
                  const RunOptions& run);

  Status CheckText(std::span<const std::int32_t> tokens, const RunOptions& run) const;
  Result<std::span<const float>> Encode(std::span<const std::int32_t> tokens,
                                        const RunOptions& run);
  Result<std::span<const float>> Embed(std::span<const std::int32_t> tokens,
                                       const EmbedOptions& options, const RunOptions& run);

  /// Hands out the logits of the context's first `count` tokens.
  Status EmitLogits(const model::ForwardContext& context, std::size_t batch_position,
                    std::size_t count, const RunOptions& run) const;
};

}  // namespace fovea

#endif  // FOVEA_MODEL_SESSION_IMPL_H_
