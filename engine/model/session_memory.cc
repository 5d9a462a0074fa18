#include "engine/model/session_memory.h"

#include <algorithm>
#include <string>

#include "engine/kernels/dispatch/choose_kernels.h"
#include "engine/matmul/matmul.h"
#include "fovea/status_macros.h"
#include "platform/checked_math.h"

namespace fovea::model {
namespace {

using platform::CheckedSize;

constexpr std::size_t kMaxPositions = std::size_t{1} << 28;

/// Hands out aligned pieces of one block.
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

Result<ScratchLayout> LayOutScratch(const Hyperparameters& hp, SessionPlan& plan) {
  const ModelInfo& info = hp.info;
  const CheckedSize batch = plan.prefill_batch;
  const std::size_t pairs = hp.rope.dims / 2;
  ScratchLayout layout;
  LayoutBuilder block;
  layout.hidden_state = block.Floats(batch * info.hidden_size);
  layout.normed = block.Floats(batch * info.hidden_size);
  layout.query = block.Floats(batch * info.heads * info.head_dim);
  layout.key = block.Floats(batch * info.kv_heads * info.head_dim);
  layout.value = block.Floats(batch * info.kv_heads * info.value_dim);
  layout.attended = block.Floats(batch * info.heads * info.value_dim);
  layout.projected = block.Floats(batch * info.hidden_size);
  layout.gate = block.Floats(batch * (hp.family->gate == Gate::kNone ? 0 : info.ffn_size));
  layout.up = block.Floats(batch * info.ffn_size);
  layout.ffn_out = block.Floats(batch * info.hidden_size);
  layout.cosine = block.Floats(batch * pairs);
  layout.sine = block.Floats(batch * pairs);
  layout.window_cosine = block.Floats(batch * pairs);
  layout.window_sine = block.Floats(batch * pairs);
  layout.logits =
      block.Floats(CheckedSize(std::min(plan.prefill_batch, kLogitRows)) * info.vocabulary);
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
  const auto kernels = kernels::ChooseKernels(options.isa);
  FOVEA_RETURN_IF_ERROR(kernels);
  plan.kernels = *kernels;
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
          .workers = plan.threads};
}

Result<SessionPlan> PlanSession(const Hyperparameters& hp, const SessionOptions& options) {
  SessionPlan plan;
  FOVEA_RETURN_IF_ERROR(ResolveOptions(hp, options, plan));
  const CheckedSize kv_bytes = attention::KvCache::Bytes(plan.kv);
  auto layout = LayOutScratch(hp, plan);
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
