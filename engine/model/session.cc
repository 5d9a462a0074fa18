#include "fovea/session.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "engine/model/forward_pass.h"
#include "engine/model/model_impl.h"
#include "engine/model/run_checks.h"
#include "engine/model/runner.h"
#include "engine/model/session_memory.h"
#include "engine/model/step_threads.h"
#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea {

using model::CheckNumbers;

struct Session::Impl {
  explicit Impl(std::unique_ptr<model::Runner> created)
      : runner(std::move(created)),
        forward(runner->forward()),
        step_threads(runner->model().hp, runner->model().weights, plan().arithmetic,
                     plan().kernels->isa) {}

  std::unique_ptr<model::Runner> runner;
  // The runner's, but for the attention scratch of an observed run and the threads of a small step.
  model::ForwardContext forward;
  model::StepThreads step_threads;
  platform::SerialParallel caller_only;
  bool adaptive_threads = true;
  std::size_t max_memory = 0;
  platform::AlignedBuffer observer_scratch;  // Grown when an observer first asks for more.
  std::size_t position = 0;

  const ModelInfo& info() const { return runner->model().hp.info; }
  const model::SessionPlan& plan() const { return runner->plan(); }

  Status CheckTokens(std::span<const std::int32_t> tokens) const;
  Status PrepareObserver(AttentionObserver* observer);
  void ChooseThreads(std::size_t tokens, std::size_t first_position);
  Status CheckAblations(std::span<const HeadAblation> ablations) const;
  Result<std::span<const float>> Run(std::span<const std::int32_t> tokens, const RunOptions& run);
  Status EmitLogits(std::size_t batch_position, std::size_t count, const RunOptions& run);
};

Status Session::Impl::CheckTokens(std::span<const std::int32_t> tokens) const {
  if (tokens.empty()) return {StatusCode::kInvalidArgument, "no tokens to run"};
  if (tokens.size() > plan().context_size - position) {
    return {StatusCode::kLimitExceeded, std::to_string(position + tokens.size()) +
                                            " tokens do not fit a context of " +
                                            std::to_string(plan().context_size)};
  }
  return model::CheckIds(info(), tokens);
}

Status Session::Impl::PrepareObserver(AttentionObserver* observer) {
  forward.attention.scratch = runner->forward().attention.scratch;
  if (observer == nullptr) return Status::Ok();
  const AttentionSelection& selection = observer->selection();
  const ModelInfo& info = this->info();
  FOVEA_RETURN_IF_ERROR(CheckNumbers("layer", selection.layers, info.layers));
  FOVEA_RETURN_IF_ERROR(CheckNumbers("head", selection.heads, info.heads));
  attention::ScratchShape shape = model::AttentionScratchShape(*forward.hp, plan());
  shape.rows = selection.rows || selection.scores;
  shape.scores = selection.scores;
  shape.trace = selection.trace;
  shape.values = selection.values;
  const std::size_t floats = attention::ScratchFloats(*plan().kernels, shape);
  const platform::CheckedSize bytes = platform::CheckedSize(floats) * sizeof(float);
  const platform::CheckedSize total = bytes + plan().memory.total();
  if (!total.ok() || (max_memory != 0 && total.value() > max_memory)) {
    return {StatusCode::kLimitExceeded,
            "watching attention needs " + std::to_string(bytes.value()) +
                " bytes more, the limit is " + std::to_string(max_memory)};
  }
  if (bytes.value() > observer_scratch.size()) {
    observer_scratch = platform::AlignedBuffer();
    observer_scratch = platform::AlignedBuffer::Allocate(
        bytes.value(), platform::AlignedBuffer::Pages::kUsual, plan().source);
    if (!observer_scratch) {
      return {StatusCode::kOutOfMemory, "not enough memory for " + std::to_string(bytes.value()) +
                                            " bytes of attention rows"};
    }
  }
  forward.attention.scratch = {observer_scratch.As<float>(), floats};
  return Status::Ok();
}

void Session::Impl::ChooseThreads(std::size_t tokens, std::size_t first_position) {
  platform::Parallel* parallel = runner->forward().parallel;
  if (adaptive_threads && !step_threads.Worthwhile(tokens, first_position)) {
    parallel = &caller_only;
  }
  forward.parallel = parallel;
  forward.matmul.parallel = parallel;
  forward.attention.parallel = parallel;
}

Status Session::Impl::CheckAblations(std::span<const HeadAblation> ablations) const {
  const ModelInfo& info = this->info();
  for (const HeadAblation& ablation : ablations) {
    FOVEA_RETURN_IF_ERROR(CheckNumbers("layer", {&ablation.layer, 1}, info.layers));
    FOVEA_RETURN_IF_ERROR(CheckNumbers("head", {&ablation.head, 1}, info.heads));
    const std::size_t size = ablation.replacement.size();
    if (size != 0 && size != info.value_dim) {
      return {StatusCode::kInvalidArgument,
              "the replacement of layer " + std::to_string(ablation.layer) + ", head " +
                  std::to_string(ablation.head) + " has " + std::to_string(size) +
                  " values; heads of this model have " + std::to_string(info.value_dim)};
    }
  }
  return Status::Ok();
}

Status Session::Impl::EmitLogits(std::size_t batch_position, std::size_t count,
                                 const RunOptions& run) {
  const std::size_t vocabulary = info().vocabulary;
  const std::size_t rows_at_once = plan().logit_rows();
  for (std::size_t first = 0; first < count; first += rows_at_once) {
    const std::size_t rows = std::min(rows_at_once, count - first);
    model::ComputeLogits(forward, first, rows);
    for (std::size_t row = 0; row < rows; ++row) {
      const std::size_t position_of_row = batch_position + first + row;
      const std::span<const float> logits(forward.buffers.logits + row * vocabulary, vocabulary);
      FOVEA_RETURN_IF_ERROR(runner->CheckFinite(logits, position_of_row));
      run.on_logits(position_of_row, logits);
    }
  }
  // Prefill returns the logits at the front of the buffer: those of the last row.
  const std::size_t last = (count - 1) % rows_at_once;
  if (last != 0) {
    std::copy_n(forward.buffers.logits + last * vocabulary, vocabulary, forward.buffers.logits);
  }
  return Status::Ok();
}

Result<std::span<const float>> Session::Impl::Run(std::span<const std::int32_t> tokens,
                                                  const RunOptions& run) {
  FOVEA_RETURN_IF_ERROR(CheckTokens(tokens));
  FOVEA_RETURN_IF_ERROR(CheckAblations(run.ablations));
  FOVEA_RETURN_IF_ERROR(PrepareObserver(run.observer));
  const std::size_t layers = info().layers;
  const std::size_t vocabulary = info().vocabulary;
  for (std::size_t begin = 0; begin < tokens.size(); begin += plan().prefill_batch) {
    const std::size_t count = std::min(plan().prefill_batch, tokens.size() - begin);
    const std::size_t batch_position = position + begin;
    const bool last_batch = begin + count == tokens.size();
    ChooseThreads(count, batch_position);
    model::Embed(forward, tokens.subspan(begin, count), batch_position);
    for (std::size_t layer = 0; layer < layers; ++layer) {
      FOVEA_RETURN_IF_ERROR(model::CheckCancelled(run.cancelled));
      std::size_t first_needed = 0;
      if (layer + 1 == layers && !run.on_logits) first_needed = last_batch ? count - 1 : count;
      model::RunLayer(forward, layer, count, batch_position, first_needed, run.observer,
                      run.ablations);
      if (run.on_progress) {
        const double done = static_cast<double>(begin) + static_cast<double>(count) *
                                                             static_cast<double>(layer + 1) /
                                                             static_cast<double>(layers);
        run.on_progress(done / static_cast<double>(tokens.size()));
      }
    }
    if (run.on_logits) {
      FOVEA_RETURN_IF_ERROR(EmitLogits(batch_position, count, run));
    } else if (last_batch) {
      model::ComputeLogits(forward, count - 1, 1);
      const std::span<const float> logits(forward.buffers.logits, vocabulary);
      FOVEA_RETURN_IF_ERROR(runner->CheckFinite(logits, batch_position + count - 1));
    }
  }
  position += tokens.size();
  return std::span<const float>(forward.buffers.logits, vocabulary);
}

Result<MemoryPlan> Session::Plan(const Model& model, const SessionOptions& options) {
  auto plan = model::PlanSession(model.impl()->hp, options);
  FOVEA_RETURN_IF_ERROR(plan);
  return plan->memory;
}

Result<Session> Session::Create(const Model& model, const SessionOptions& options) {
  const auto create = [&]() -> Result<Session> {
    auto plan = model::PlanSession(model.impl()->hp, options);
    FOVEA_RETURN_IF_ERROR(plan);
    auto runner = model::Runner::Create(model.impl(), *plan, plan->context_size);
    FOVEA_RETURN_IF_ERROR(runner);
    auto impl = std::make_unique<Impl>(std::move(*runner));
    impl->max_memory = options.max_memory;
    impl->adaptive_threads = options.adaptive_threads && options.runner == nullptr;
    return Session(std::move(impl));
  };
  return platform::IfMemoryLasts(
      create, [] { return Status(StatusCode::kOutOfMemory, "not enough memory for a session"); });
}

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Result<std::span<const float>> Session::Prefill(std::span<const std::int32_t> tokens,
                                                const RunOptions& run) {
  return impl_->Run(tokens, run);
}

Result<std::span<const float>> Session::Decode(std::int32_t token, const RunOptions& run) {
  return impl_->Run({&token, 1}, run);
}

Status Session::Truncate(std::size_t position) {
  if (position > impl_->position) {
    return {StatusCode::kInvalidArgument, "cannot keep " + std::to_string(position) + " of " +
                                              std::to_string(impl_->position) + " positions"};
  }
  impl_->position = position;
  return Status::Ok();
}

std::size_t Session::position() const {
  return impl_->position;
}
std::size_t Session::context_size() const {
  return impl_->plan().context_size;
}
Kernels Session::kernels() const {
  return Kernels(*impl_->plan().kernels);
}
Isa Session::isa() const {
  return impl_->plan().kernels->isa;
}
std::size_t Session::threads() const {
  return impl_->plan().threads;
}
DataType Session::kv_type() const {
  return impl_->plan().kv.type;
}
Arithmetic Session::arithmetic() const {
  return impl_->plan().arithmetic;
}
const MemoryPlan& Session::memory() const {
  return impl_->plan().memory;
}

}  // namespace fovea
