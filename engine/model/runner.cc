#include "engine/model/runner.h"

#include <string>
#include <utility>

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
  if (!cache_) return out_of_memory(plan_.memory.kv_cache, "KV cache");
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

  const ScratchLayout& layout = plan_.scratch;
  const auto floats = [&](std::size_t offset) { return scratch_.As<float>(offset); };
  forward_.hp = &hp;
  forward_.weights = &weights;
  forward_.kernels = plan_.kernels;
  forward_.parallel = parallel_.get();
  forward_.matmul = {.kernels = plan_.kernels,
                     .parallel = parallel_.get(),
                     .arithmetic = plan_.arithmetic,
                     .unequal_cores = parallel_->workers() > 1 && platform::HasUnequalCores(),
                     .shape = plan_.matmul,
                     .scratch = {floats(layout.matmul), layout.matmul_floats}};
  forward_.attention = {.kernels = plan_.kernels,
                        .parallel = parallel_.get(),
                        .scratch = {floats(layout.attention), layout.attention_floats}};
  forward_.cache = &cache_;
  for (const BufferPlace& place : layout.buffers) {
    forward_.buffers.*place.buffer = floats(place.offset);
  }
  forward_.rope = &rope_;
  forward_.window_rope = &window_rope_;
}

Status Runner::CheckFinite(std::span<const float> logits, std::size_t position) const {
  if (AllFinite(logits)) return Status::Ok();
  return {StatusCode::kNonFinite, model_->hp.info.path + ": the logits of position " +
                                      std::to_string(position) + " are not finite"};
}

}  // namespace fovea::model
