#include "fovea/session.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "engine/model/forward_pass.h"
#include "engine/model/model_impl.h"
#include "engine/model/run_checks.h"
#include "engine/model/session_impl.h"
#include "engine/model/session_memory.h"
#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea {

using model::CheckNumbers;
using model::ForwardContext;

Status Session::Impl::Prepare(const RunOptions& run) {
  attention_not_finite.store(false, std::memory_order_relaxed);
  FOVEA_RETURN_IF_ERROR(CheckAblations(run.ablations));
  return PrepareObserver(run.observer);
}

Status Session::Impl::CheckAttention() const {
  if (!attention_not_finite.load(std::memory_order_relaxed)) return Status::Ok();
  return {StatusCode::kNonFinite, info().path + ": the scores of an attention head are not finite"};
}

Status Session::Impl::CheckTokens(std::span<const std::int32_t> tokens) const {
  if (!info().has_decoder()) {
    return {StatusCode::kUnsupported,
            info().path + ": the model is an encoder, which continues no text; use Encode"};
  }
  if (info().has_encoder() && encoded == 0) {
    return {StatusCode::kInvalidArgument,
            info().path + ": the decoder needs a text to attend to; call Encode first"};
  }
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
  encoder.attention.scratch = forward.attention.scratch;
  if (observer == nullptr) return Status::Ok();
  const AttentionSelection& selection = observer->selection();
  const ModelInfo& info = this->info();
  FOVEA_RETURN_IF_ERROR(
      CheckNumbers("layer", selection.layers, std::max(info.layers, info.encoder.layers)));
  FOVEA_RETURN_IF_ERROR(
      CheckNumbers("head", selection.heads, std::max(info.heads, info.encoder.heads)));
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
  encoder.attention.scratch = forward.attention.scratch;
  return Status::Ok();
}

void Session::Impl::ChooseThreads(std::size_t tokens, std::size_t first_position,
                                  ForwardContext& context) const {
  platform::Parallel* parallel = runner->forward().parallel;
  if (adaptive_threads && !step_threads.Worthwhile(tokens, first_position)) {
    parallel = &caller_only;
  }
  context.parallel = parallel;
  context.matmul.parallel = parallel;
  context.attention.parallel = parallel;
}

Status Session::Impl::CheckAblations(std::span<const HeadAblation> ablations) const {
  const ModelInfo& info = this->info();
  for (const HeadAblation& ablation : ablations) {
    const bool both = info.kind == ModelKind::kEncoderDecoder;
    if (ablation.stream != AttentionStream::kSelf && !both) {
      return {StatusCode::kInvalidArgument,
              "the model has one attention per layer, self-attention: no other can be replaced"};
    }
    const StackInfo& stack =
        ablation.stream == AttentionStream::kEncoder ? info.encoder_stack() : info;
    FOVEA_RETURN_IF_ERROR(CheckNumbers("layer", {&ablation.layer, 1}, stack.layers));
    FOVEA_RETURN_IF_ERROR(CheckNumbers("head", {&ablation.head, 1}, stack.heads));
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

Status Session::Impl::EmitLogits(const ForwardContext& context, std::size_t batch_position,
                                 std::size_t count, const RunOptions& run) const {
  const std::size_t vocabulary = info().vocabulary;
  const std::size_t rows_at_once = plan().logit_rows();
  for (std::size_t first = 0; first < count; first += rows_at_once) {
    const std::size_t rows = std::min(rows_at_once, count - first);
    model::ComputeLogits(context, first, rows);
    for (std::size_t row = 0; row < rows; ++row) {
      const std::size_t position_of_row = batch_position + first + row;
      const std::span<const float> logits(context.buffers.logits + row * vocabulary, vocabulary);
      FOVEA_RETURN_IF_ERROR(runner->CheckFinite(logits, position_of_row));
      run.on_logits(position_of_row, logits);
    }
  }
  // Prefill returns the logits at the front of the buffer: those of the last row.
  const std::size_t last = (count - 1) % rows_at_once;
  if (last != 0) {
    std::copy_n(context.buffers.logits + last * vocabulary, vocabulary, context.buffers.logits);
  }
  return Status::Ok();
}

Status Session::Impl::RunBatch(std::span<const std::int32_t> tokens, std::size_t begin,
                               std::size_t count, const RunOptions& run) {
  const std::size_t batch_position = position + begin;
  const bool last_batch = begin + count == tokens.size();
  const std::size_t layers = info().layers;
  const std::size_t vocabulary = info().vocabulary;
  const std::span<const float> states(forward.buffers.hidden_state, count * info().hidden_size);
  ChooseThreads(count, batch_position, forward);
  model::Embed(forward, tokens.subspan(begin, count), {}, batch_position);
  if (run.on_hidden) run.on_hidden(0, batch_position, states);
  // What follows the last layer's self-attention is of use for the last token only, unless
  // somebody looks at it.
  const bool all_needed = run.on_logits || run.on_hidden || run.on_output ||
                          (info().has_encoder() && run.observer != nullptr);
  for (std::size_t layer = 0; layer < layers; ++layer) {
    FOVEA_RETURN_IF_ERROR(model::CheckCancelled(run.cancelled));
    std::size_t first_needed = 0;
    if (layer + 1 == layers && !all_needed) first_needed = last_batch ? count - 1 : count;
    model::RunLayer(forward, {.layer = layer,
                              .position = batch_position,
                              .count = count,
                              .first_needed = first_needed,
                              .observer = run.observer,
                              .ablations = run.ablations});
    if (run.on_hidden) run.on_hidden(layer + 1, batch_position, states);
    if (run.on_progress) {
      const double done = static_cast<double>(begin) + static_cast<double>(count) *
                                                           static_cast<double>(layer + 1) /
                                                           static_cast<double>(layers);
      run.on_progress(done / static_cast<double>(tokens.size()));
    }
  }
  if (run.on_logits) {
    FOVEA_RETURN_IF_ERROR(EmitLogits(forward, batch_position, count, run));
  } else if (last_batch) {
    model::ComputeLogits(forward, count - 1, 1);
    FOVEA_RETURN_IF_ERROR(
        runner->CheckFinite({forward.buffers.logits, vocabulary}, batch_position + count - 1));
  }
  FOVEA_RETURN_IF_ERROR(CheckAttention());
  if (run.on_output) {  // Last, since it takes the place of what logits are computed from.
    model::NormOutput(forward, count);
    run.on_output(batch_position, states);
  }
  return Status::Ok();
}

Result<std::span<const float>> Session::Impl::Run(std::span<const std::int32_t> tokens,
                                                  const RunOptions& run) {
  FOVEA_RETURN_IF_ERROR(CheckTokens(tokens));
  FOVEA_RETURN_IF_ERROR(Prepare(run));
  forward.cross_keys_are_new = run.observer != cross_keys_went_to;
  for (std::size_t begin = 0; begin < tokens.size(); begin += plan().prefill_batch) {
    const std::size_t count = std::min(plan().prefill_batch, tokens.size() - begin);
    FOVEA_RETURN_IF_ERROR(RunBatch(tokens, begin, count, run));
    forward.cross_keys_are_new = false;
    if (run.observer != nullptr) cross_keys_went_to = run.observer;
  }
  position += tokens.size();
  return std::span<const float>(forward.buffers.logits, info().vocabulary);
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
    if (model.info().has_encoder()) impl->embedding.resize(model.info().hidden_size);
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

Result<std::span<const float>> Session::Encode(std::span<const std::int32_t> tokens,
                                               const RunOptions& run) {
  return impl_->Encode(tokens, run);
}

Result<std::span<const float>> Session::Embed(std::span<const std::int32_t> tokens,
                                              const EmbedOptions& options, const RunOptions& run) {
  return impl_->Embed(tokens, options, run);
}

std::size_t Session::encoder_context_size() const {
  return impl_->plan().encoder_context_size;
}
std::size_t Session::encoded_tokens() const {
  return impl_->encoded;
}

Status Session::Truncate(std::size_t position) {
  if (position > impl_->position) {
    return {StatusCode::kInvalidArgument, "cannot keep " + std::to_string(position) + " of " +
                                              std::to_string(impl_->position) + " positions"};
  }
  impl_->position = position;
  return Status::Ok();
}

const ModelInfo& Session::info() const {
  return impl_->info();
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
