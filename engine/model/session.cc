#include "fovea/session.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "engine/model/block_walker.h"
#include "engine/model/model_impl.h"
#include "engine/model/session_memory.h"
#include "platform/thread_pool.h"

namespace fovea {

namespace {

/// Whether the model has every one of the selected layers or heads.
Status CheckNumbers(const std::string& what, std::span<const std::size_t> selected,
                    std::size_t count) {
  for (const std::size_t number : selected) {
    if (number >= count) {
      return {StatusCode::kInvalidArgument, what + " " + std::to_string(number) +
                                                " does not exist; the model has " + what +
                                                "s 0 to " + std::to_string(count - 1)};
    }
  }
  return Status::Ok();
}

}  // namespace

struct Session::Impl {
  const Model::Impl* model = nullptr;
  model::SessionPlan plan;
  std::size_t max_memory = 0;
  platform::AlignedBuffer scratch;
  platform::AlignedBuffer
      observer_scratch;  // Grown when an observer first asks for rows or traces.
  model::KvCache cache;
  std::unique_ptr<platform::Parallel> parallel;
  model::RopeTable rope;
  model::RopeTable window_rope;
  model::WalkContext walk;
  std::size_t position = 0;

  Status Allocate();
  void Connect();
  Status CheckTokens(std::span<const std::int32_t> tokens) const;
  Status PrepareObserver(AttentionObserver* observer);
  Status CheckAblations(std::span<const HeadAblation> ablations) const;
  Result<std::span<const float>> Run(std::span<const std::int32_t> tokens, const RunOptions& run);
  Status EmitLogits(std::size_t chunk_position, std::size_t count, const RunOptions& run);
  Status CheckFinite(std::size_t row, std::size_t at) const;
};

Status Session::Impl::Allocate() {
  const auto out_of_memory = [&](std::size_t bytes, const char* what) {
    return Status(StatusCode::kOutOfMemory, model->hp.info.path + ": not enough memory for " +
                                                std::to_string(bytes) + " bytes of " + what);
  };
  cache = model::KvCache(plan.kv);
  if (!cache) return out_of_memory(plan.memory.kv_cache, "KV cache");
  scratch = platform::AlignedBuffer::Allocate(plan.scratch.total);
  if (!scratch) return out_of_memory(plan.scratch.total, "scratch memory");
  if (plan.threads == 1) {
    parallel = std::make_unique<platform::SerialParallel>();
  } else {
    parallel = platform::ThreadPool::Create(plan.threads);
  }
  if (parallel == nullptr) {
    return {StatusCode::kOutOfMemory,
            "the system refused to start " + std::to_string(plan.threads - 1) + " threads"};
  }
  return Status::Ok();
}

void Session::Impl::Connect() {
  const model::Weights& weights = model->weights;
  const model::Hyperparameters& hp = model->hp;
  // Phi 3's long factors are for sessions that can leave the original context.
  const model::Vector* factors = &weights.rope_factors;
  if (!weights.rope_factors_long.empty() && plan.max_tokens > hp.rope.original_context) {
    factors = &weights.rope_factors_long;
  } else if (!weights.rope_factors_short.empty()) {
    factors = &weights.rope_factors_short;
  }
  rope = model::RopeTable(hp.rope, *factors);
  window_rope = model::RopeTable(hp.window_rope, *factors);

  const model::ScratchLayout& at = plan.scratch;
  const auto floats = [&](std::size_t offset) { return scratch.As<float>(offset); };
  walk.hp = &hp;
  walk.weights = &weights;
  walk.kernels = plan.kernels;
  walk.parallel = parallel.get();
  walk.matmul = {.kernels = plan.kernels,
                 .parallel = parallel.get(),
                 .arithmetic = plan.arithmetic,
                 .shape = plan.matmul,
                 .scratch = {floats(at.matmul), at.matmul_floats}};
  walk.attention = {.kernels = plan.kernels,
                    .parallel = parallel.get(),
                    .scratch = {floats(at.attention), at.attention_floats}};
  walk.cache = &cache;
  walk.buffers = {.hidden_state = floats(at.hidden_state),
                  .normed = floats(at.normed),
                  .query = floats(at.query),
                  .key = floats(at.key),
                  .value = floats(at.value),
                  .attended = floats(at.attended),
                  .projected = floats(at.projected),
                  .gate = floats(at.gate),
                  .up = floats(at.up),
                  .ffn_out = floats(at.ffn_out),
                  .cosine = floats(at.cosine),
                  .sine = floats(at.sine),
                  .window_cosine = floats(at.window_cosine),
                  .window_sine = floats(at.window_sine),
                  .logits = floats(at.logits)};
  walk.rope = &rope;
  walk.window_rope = &window_rope;
}

Status Session::Impl::CheckTokens(std::span<const std::int32_t> tokens) const {
  if (tokens.empty()) return {StatusCode::kInvalidArgument, "no tokens to run"};
  if (tokens.size() > plan.max_tokens - position) {
    return {StatusCode::kLimitExceeded, std::to_string(position + tokens.size()) +
                                            " tokens do not fit a context of " +
                                            std::to_string(plan.max_tokens)};
  }
  const std::size_t vocabulary = model->hp.info.vocabulary;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] < 0 || static_cast<std::size_t>(tokens[i]) >= vocabulary) {
      return {StatusCode::kInvalidArgument,
              "token " + std::to_string(i) + " has id " + std::to_string(tokens[i]) +
                  ", the vocabulary ends at " + std::to_string(vocabulary - 1)};
    }
  }
  return Status::Ok();
}

Status Session::Impl::PrepareObserver(AttentionObserver* observer) {
  walk.attention.scratch = {scratch.As<float>(plan.scratch.attention),
                            plan.scratch.attention_floats};
  if (observer == nullptr) return Status::Ok();
  const AttentionSelection& selection = observer->selection();
  const ModelInfo& info = model->hp.info;
  if (Status status = CheckNumbers("layer", selection.layers, info.layers); !status.ok()) {
    return status;
  }
  if (Status status = CheckNumbers("head", selection.heads, info.heads); !status.ok()) {
    return status;
  }
  attention::ScratchShape shape = model::AttentionScratchShape(model->hp, plan);
  shape.rows = selection.rows || selection.scores;
  shape.scores = selection.scores;
  shape.trace = selection.trace;
  shape.values = selection.values;
  const std::size_t floats = attention::ScratchFloats(*plan.kernels, shape);
  const platform::CheckedSize bytes = platform::CheckedSize(floats) * sizeof(float);
  const platform::CheckedSize total = bytes + plan.memory.total();
  if (!total.ok() || (max_memory != 0 && total.value() > max_memory)) {
    return {StatusCode::kLimitExceeded,
            "watching attention needs " + std::to_string(bytes.value()) +
                " bytes more, the limit is " + std::to_string(max_memory)};
  }
  if (bytes.value() > observer_scratch.size()) {
    observer_scratch = platform::AlignedBuffer();
    observer_scratch = platform::AlignedBuffer::Allocate(bytes.value());
    if (!observer_scratch) {
      return {StatusCode::kOutOfMemory, "not enough memory for " + std::to_string(bytes.value()) +
                                            " bytes of attention rows"};
    }
  }
  walk.attention.scratch = {observer_scratch.As<float>(), floats};
  return Status::Ok();
}

Status Session::Impl::CheckAblations(std::span<const HeadAblation> ablations) const {
  const ModelInfo& info = model->hp.info;
  for (const HeadAblation& ablation : ablations) {
    if (Status status = CheckNumbers("layer", {&ablation.layer, 1}, info.layers); !status.ok()) {
      return status;
    }
    if (Status status = CheckNumbers("head", {&ablation.head, 1}, info.heads); !status.ok()) {
      return status;
    }
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

Status Session::Impl::CheckFinite(std::size_t row, std::size_t at) const {
  const std::size_t vocabulary = model->hp.info.vocabulary;
  const float* logits = walk.buffers.logits + row * vocabulary;
  // NaN and infinity are the floats whose exponent bits are all set; integers let the loop
  // vectorise.
  constexpr std::uint32_t kExponent = 0x7F800000U;
  bool finite = true;
  for (std::size_t i = 0; i < vocabulary; ++i) {
    finite &= (std::bit_cast<std::uint32_t>(logits[i]) & kExponent) != kExponent;
  }
  if (finite) return Status::Ok();
  return {StatusCode::kNonFinite, model->hp.info.path + ": the logits of position " +
                                      std::to_string(at) + " are not finite"};
}

Status Session::Impl::EmitLogits(std::size_t chunk_position, std::size_t count,
                                 const RunOptions& run) {
  const std::size_t vocabulary = model->hp.info.vocabulary;
  const std::size_t rows_at_once = std::min(plan.chunk, model::kLogitRows);
  for (std::size_t first = 0; first < count; first += rows_at_once) {
    const std::size_t rows = std::min(rows_at_once, count - first);
    model::ComputeLogits(walk, first, rows);
    for (std::size_t row = 0; row < rows; ++row) {
      const std::size_t at = chunk_position + first + row;
      if (Status status = CheckFinite(row, at); !status.ok()) return status;
      run.on_logits(at, {walk.buffers.logits + row * vocabulary, vocabulary});
    }
  }
  // The last row is what Prefill returns; bring it to the front.
  const std::size_t last = (count - 1) % rows_at_once;
  if (last != 0) {
    std::copy_n(walk.buffers.logits + last * vocabulary, vocabulary, walk.buffers.logits);
  }
  return Status::Ok();
}

Result<std::span<const float>> Session::Impl::Run(std::span<const std::int32_t> tokens,
                                                  const RunOptions& run) {
  if (Status status = CheckTokens(tokens); !status.ok()) return status;
  if (Status status = CheckAblations(run.ablations); !status.ok()) return status;
  if (Status status = PrepareObserver(run.observer); !status.ok()) return status;
  const std::size_t layers = model->hp.info.layers;
  const std::size_t vocabulary = model->hp.info.vocabulary;
  for (std::size_t begin = 0; begin < tokens.size(); begin += plan.chunk) {
    const std::size_t count = std::min(plan.chunk, tokens.size() - begin);
    const std::size_t at = position + begin;
    const bool last_chunk = begin + count == tokens.size();
    model::Embed(walk, tokens.subspan(begin, count), at);
    for (std::size_t layer = 0; layer < layers; ++layer) {
      if (run.cancelled && run.cancelled()) {
        return Status(StatusCode::kCancelled, "cancelled by the caller");
      }
      std::size_t first_needed = 0;
      if (layer + 1 == layers && !run.on_logits) first_needed = last_chunk ? count - 1 : count;
      model::RunLayer(walk, layer, count, at, first_needed, run.observer, run.ablations);
      if (run.on_progress) {
        const double done = static_cast<double>(begin) + static_cast<double>(count) *
                                                             static_cast<double>(layer + 1) /
                                                             static_cast<double>(layers);
        run.on_progress(done / static_cast<double>(tokens.size()));
      }
    }
    if (run.on_logits) {
      if (Status status = EmitLogits(at, count, run); !status.ok()) return status;
    } else if (last_chunk) {
      model::ComputeLogits(walk, count - 1, 1);
      if (Status status = CheckFinite(0, at + count - 1); !status.ok()) return status;
    }
  }
  position += tokens.size();
  return std::span<const float>(walk.buffers.logits, vocabulary);
}

Result<MemoryPlan> Session::Plan(const Model& model, const SessionOptions& options) {
  auto plan = model::PlanSession(model.impl().hp, options);
  if (!plan) return plan.status();
  return plan->memory;
}

Result<Session> Session::Create(const Model& model, const SessionOptions& options) {
  try {
    auto plan = model::PlanSession(model.impl().hp, options);
    if (!plan) return plan.status();
    auto impl = std::make_unique<Impl>();
    impl->model = &model.impl();
    impl->plan = *plan;
    impl->max_memory = options.max_memory;
    if (Status status = impl->Allocate(); !status.ok()) return status;
    impl->Connect();
    return Session(std::move(impl));
  } catch (const std::bad_alloc&) {
    return Status(StatusCode::kOutOfMemory, "not enough memory for a session");
  }
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
std::size_t Session::max_tokens() const {
  return impl_->plan.max_tokens;
}
Isa Session::isa() const {
  return impl_->plan.kernels->isa;
}
std::size_t Session::threads() const {
  return impl_->plan.threads;
}
DataType Session::kv_type() const {
  return impl_->plan.kv.type;
}
Arithmetic Session::arithmetic() const {
  return impl_->plan.arithmetic;
}
const MemoryPlan& Session::memory() const {
  return impl_->plan.memory;
}

}  // namespace fovea
