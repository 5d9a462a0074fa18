#include "engine/model/session_memory.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <tuple>

#include "engine/matmul/matmul.h"
#include "fovea/status_macros.h"
#include "platform/checked_math.h"

namespace fovea::model {
namespace {

using platform::CheckedSize;

constexpr std::size_t kMaxPositions = std::size_t{1} << 28;

/// Hands out aligned offsets into one block of memory.
class LayoutBuilder {
 public:
  std::size_t Floats(CheckedSize count) {
    const std::size_t offset = end_.value();
    end_ = (end_ + count * sizeof(float)).AlignedUp(platform::kAlignment);
    return offset;
  }
  CheckedSize end() const { return end_; }

 private:
  CheckedSize end_ = 0;
};

Result<ScratchLayout> PlanScratch(const Hyperparameters& hp, SessionPlan& plan) {
  const ModelInfo& info = hp.info;
  const CheckedSize batch = plan.prefill_batch;
  const std::size_t pairs = hp.rope.dims / 2;
  ScratchLayout layout;
  LayoutBuilder block;
  const std::size_t gate_size = hp.family->gate == Gate::kNone ? 0 : info.ffn_size;
  const struct {
    float* Buffers::*buffer;
    CheckedSize floats;
  } sizes[] = {
      {&Buffers::hidden_state, batch * info.hidden_size},
      {&Buffers::normed, batch * info.hidden_size},
      {&Buffers::query, batch * info.heads * info.head_dim},
      {&Buffers::key, batch * info.kv_heads * info.head_dim},
      {&Buffers::value, batch * info.kv_heads * info.value_dim},
      {&Buffers::attended, batch * info.heads * info.value_dim},
      {&Buffers::projected, batch * info.hidden_size},
      {&Buffers::gate, batch * gate_size},
      {&Buffers::up, batch * info.ffn_size},
      {&Buffers::ffn_out, batch * info.hidden_size},
      {&Buffers::cosine, batch * pairs},
      {&Buffers::sine, batch * pairs},
      {&Buffers::window_cosine, batch * pairs},
      {&Buffers::window_sine, batch * pairs},
      {&Buffers::logits, CheckedSize(plan.logit_rows()) * info.vocabulary},
  };
  static_assert(std::size(sizes) == std::tuple_size_v<decltype(layout.buffers)>);
  for (std::size_t i = 0; i < std::size(sizes); ++i) {
    layout.buffers[i] = {sizes[i].buffer, block.Floats(sizes[i].floats)};
  }
  const std::size_t max_cols =
      std::max({info.hidden_size, info.ffn_size, info.heads * info.value_dim});
  plan.matmul = {.batch_size = plan.prefill_batch,
                 .max_cols = max_cols,
                 .workers = plan.threads,
                 .bf16 = plan.arithmetic == Arithmetic::kFast && plan.kernels->bf16 != nullptr};
  layout.matmul_floats = matmul::ScratchFloats(plan.matmul);
  layout.matmul = block.Floats(layout.matmul_floats);
  layout.attention_floats =
      attention::ScratchFloats(*plan.kernels, AttentionScratchShape(hp, plan));
  layout.attention = block.Floats(layout.attention_floats);
  if (!block.end().ok()) {
    return Status(StatusCode::kLimitExceeded,
                  info.path + ": the scratch memory of a prefill batch of " +
                      std::to_string(plan.prefill_batch) + " tokens exceeds the address space");
  }
  layout.total = block.end().value();
  return layout;
}

Status ResolveOptions(const Hyperparameters& hp, const SessionOptions& options, SessionPlan& plan) {
  const ModelInfo& info = hp.info;
  plan.context_size = options.context_size == 0 ? info.context : options.context_size;
  if (hp.family->positions == PositionKind::kLearned && plan.context_size > info.context) {
    return {StatusCode::kLimitExceeded,
            info.path + ": " + std::to_string(plan.context_size) +
                " tokens asked for, but the model has learned positions for only " +
                std::to_string(info.context)};
  }
  if (plan.context_size > kMaxPositions) {
    return {StatusCode::kLimitExceeded, std::to_string(plan.context_size) +
                                            " tokens asked for; the limit is " +
                                            std::to_string(kMaxPositions)};
  }
  if (options.prefill_batch == 0)
    return {StatusCode::kInvalidArgument, "prefill_batch must be at least 1"};
  plan.prefill_batch = std::min(options.prefill_batch, plan.context_size);
  plan.threads = options.runner == nullptr ? options.threads : options.runner->workers();
  if (plan.threads == 0 || plan.threads > kMaxThreads) {
    const char* what = options.runner == nullptr ? "threads" : "workers of a task runner";
    return {StatusCode::kInvalidArgument, std::string(what) + " must be from 1 to " +
                                              std::to_string(kMaxThreads) + ", not " +
                                              std::to_string(plan.threads)};
  }
  plan.host_threads = options.runner;
  plan.source = platform::SourceOf(options.allocator);
  plan.arithmetic = options.arithmetic;
  if (options.kv_type != DataType::kF32 && options.kv_type != DataType::kF16 &&
      options.kv_type != DataType::kBF16 && options.kv_type != DataType::kQ8_0) {
    return {StatusCode::kUnsupported, "kv_type must be F32, F16, BF16 or Q8_0, not " +
                                          std::string(DataTypeName(options.kv_type))};
  }
  const Result<Kernels> kernels = Kernels::For(options.isa);
  FOVEA_RETURN_IF_ERROR(kernels);
  plan.kernels = &kernels->table();
  plan.kv = {.type = options.kv_type,
             .layers = info.layers,
             .kv_heads = info.kv_heads,
             .head_dim = info.head_dim,
             .value_dim = info.value_dim,
             .positions = plan.context_size};
  return Status::Ok();
}

}  // namespace

attention::ScratchShape AttentionScratchShape(const Hyperparameters& hp, const SessionPlan& plan) {
  return {.batch_size = plan.prefill_batch,
          .max_positions = plan.context_size,
          .heads = hp.info.heads,
          .kv_heads = hp.info.kv_heads,
          .head_dim = hp.info.head_dim,
          .value_dim = hp.info.value_dim,
          .workers = plan.threads,
          .new_keys = plan.prefill_batch};
}

Result<SessionPlan> PlanSession(const Hyperparameters& hp, const SessionOptions& options) {
  SessionPlan plan;
  FOVEA_RETURN_IF_ERROR(ResolveOptions(hp, options, plan));
  const CheckedSize kv_bytes = attention::KvCache::Bytes(plan.kv);
  auto layout = PlanScratch(hp, plan);
  FOVEA_RETURN_IF_ERROR(layout);
  plan.scratch = *layout;
  const CheckedSize total = kv_bytes + plan.scratch.total;
  if (!total.ok()) {
    return Status(StatusCode::kLimitExceeded, hp.info.path + ": the KV cache of " +
                                                  std::to_string(plan.context_size) +
                                                  " tokens exceeds the address space");
  }
  plan.memory = {.kv_cache = kv_bytes.value(), .scratch = plan.scratch.total};
  if (options.max_memory != 0 && total.value() > options.max_memory) {
    return Status(StatusCode::kLimitExceeded,
                  hp.info.path + ": a session of " + std::to_string(plan.context_size) +
                      " tokens needs " + std::to_string(total.value()) +
                      " bytes of memory, the limit is " + std::to_string(options.max_memory));
  }
  return plan;
}

}  // namespace fovea::model
