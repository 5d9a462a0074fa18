#include "engine/model/runner.h"

#include <string>
#include <utility>

#include "engine/model/distance_bias.h"
#include "engine/model/host_threads.h"
#include "engine/model/run_checks.h"
#include "fovea/status_macros.h"
#include "platform/cpu_topology.h"
#include "platform/thread_pool.h"

namespace fovea::model {

Result<std::unique_ptr<Runner>> Runner::Create(std::shared_ptr<const Model::Impl> model,
                                               const SessionPlan& plan, std::size_t context) {
  std::unique_ptr<Runner> runner(new Runner(std::move(model), plan));
  FOVEA_RETURN_IF_ERROR(runner->Allocate());
  runner->Connect(context);
  return runner;
}

Status Runner::Allocate() {
  const auto out_of_memory = [&](std::size_t bytes, const char* what) {
    return Status(StatusCode::kOutOfMemory, model_->hp.info.path + ": not enough memory for " +
                                                std::to_string(bytes) + " bytes of " + what);
  };
  cache_ = attention::KvCache(plan_.kv, plan_.source);
  if (has_both()) {
    encoder_cache_ = attention::KvCache(plan_.encoder_kv, plan_.source);
    cross_cache_ = attention::KvCache(plan_.cross_kv, plan_.source);
  }
  if (!cache_ || (has_both() && (!encoder_cache_ || !cross_cache_))) {
    return out_of_memory(plan_.memory.kv_cache, "KV cache");
  }
  scratch_ = platform::AlignedBuffer::Allocate(
      plan_.scratch.total, platform::AlignedBuffer::Pages::kUsual, plan_.source);
  if (!scratch_) return out_of_memory(plan_.scratch.total, "scratch memory");
  if (plan_.host_threads != nullptr) {
    parallel_ = std::make_unique<HostThreads>(plan_.host_threads, plan_.threads);
  } else if (plan_.threads == 1) {
    parallel_ = std::make_unique<platform::SerialParallel>();
  } else {
    parallel_ = platform::ThreadPool::Create(plan_.threads);
  }
  if (parallel_ == nullptr) {
    return {StatusCode::kOutOfMemory,
            "the system refused to start " + std::to_string(plan_.threads - 1) + " threads"};
  }
  return Status::Ok();
}

void Runner::Connect(std::size_t context) {
  const Weights& weights = model_->weights;
  const Hyperparameters& hp = model_->hp;
  // Phi 3's long factors are for sessions that can leave the original context.
  const Vector* factors = &weights.rope_factors;
  if (!weights.rope_factors_long.empty() && context > hp.rope.original_context) {
    factors = &weights.rope_factors_long;
  } else if (!weights.rope_factors_short.empty()) {
    factors = &weights.rope_factors_short;
  }
  rope_ = RopeTable(hp.rope, *factors);
  window_rope_ = RopeTable(hp.window_rope, *factors);

  if (hp.family->positions == PositionKind::kSinusoidal) {
    sinusoids_ = RopeTable({.dims = hp.info.hidden_size}, {});
  }
  const ScratchLayout& layout = plan_.scratch;
  const auto bias_of = [&](const ForwardContext& stack, std::size_t positions, std::size_t offset,
                           std::size_t floats) {
    return FillDistanceBias(hp, *stack.info, *stack.stack, positions,
                            {scratch_.As<float>(offset), floats});
  };
  const bool encoder_only = hp.info.kind == ModelKind::kEncoder;
  forward_ = ContextOf(hp.info, weights.main_stack(), cache_);
  if (encoder_only) {
    forward_.bias = bias_of(forward_, plan_.encoder_context_size, layout.encoder_bias,
                            layout.encoder_bias_floats);
  } else {
    forward_.bias =
        bias_of(forward_, plan_.context_size, layout.decoder_bias, layout.decoder_bias_floats);
  }
  if (!has_both()) return;
  encoder_ = ContextOf(hp.info.encoder, weights.encoder, encoder_cache_);
  encoder_.stream = AttentionStream::kEncoder;
  encoder_.bias = bias_of(encoder_, plan_.encoder_context_size, layout.encoder_bias,
                          layout.encoder_bias_floats);
  forward_.cross_cache = &cross_cache_;
}

ForwardContext Runner::ContextOf(const StackInfo& info, const Stack& stack,
                                 attention::KvCache& cache) {
  const ScratchLayout& layout = plan_.scratch;
  const auto floats = [&](std::size_t offset) { return scratch_.As<float>(offset); };
  ForwardContext context;
  context.hp = &model_->hp;
  context.weights = &model_->weights;
  context.info = &info;
  context.stack = &stack;
  context.kernels = plan_.kernels;
  context.parallel = parallel_.get();
  context.matmul = {.kernels = plan_.kernels,
                    .parallel = parallel_.get(),
                    .arithmetic = plan_.arithmetic,
                    .unequal_cores = parallel_->workers() > 1 && platform::HasUnequalCores(),
                    .shape = plan_.matmul,
                    .scratch = {floats(layout.matmul), layout.matmul_floats}};
  context.attention = {.kernels = plan_.kernels,
                       .parallel = parallel_.get(),
                       .scratch = {floats(layout.attention), layout.attention_floats}};
  context.cache = &cache;
  for (const BufferPlace& place : layout.buffers) {
    context.buffers.*place.buffer = floats(place.offset);
  }
  context.batch = plan_.prefill_batch;
  context.rope = &rope_;
  context.window_rope = &window_rope_;
  if (model_->hp.family->positions == PositionKind::kSinusoidal) context.sinusoids = &sinusoids_;
  return context;
}

Status Runner::CheckFinite(std::span<const float> logits, std::size_t position) const {
  if (AllFinite(logits)) return Status::Ok();
  return {StatusCode::kNonFinite, model_->hp.info.path + ": the logits of position " +
                                      std::to_string(position) + " are not finite"};
}

}  // namespace fovea::model
