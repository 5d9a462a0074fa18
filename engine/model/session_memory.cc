#include "engine/model/session_memory.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <tuple>

#include "engine/matmul/matmul.h"
#include "engine/model/distance_bias.h"
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

/// The sizes of StackInfo that buffers depend on.
struct StackSizes {
  std::size_t heads = 0;
  std::size_t kv_heads = 0;
  std::size_t head_dim = 0;
  std::size_t value_dim = 0;
  std::size_t hidden_size = 0;
  std::size_t ffn_size = 0;
};

/// Buffers are shared by the stacks of a model: each size is that of the larger one.
StackSizes LargestOf(const ModelInfo& info) {
  const StackInfo& encoder = info.encoder;
  return {.heads = std::max(info.heads, encoder.heads),
          .kv_heads = std::max(info.kv_heads, encoder.kv_heads),
          .head_dim = std::max(info.head_dim, encoder.head_dim),
          .value_dim = std::max(info.value_dim, encoder.value_dim),
          .hidden_size = std::max(info.hidden_size, encoder.hidden_size),
          .ffn_size = std::max(info.ffn_size, encoder.ffn_size)};
}

attention::KvCacheShape CacheShape(const StackInfo& info, DataType type, std::size_t layers,
                                   std::size_t positions) {
  return {.type = type,
          .layers = layers,
          .kv_heads = info.kv_heads,
          .head_dim = info.head_dim,
          .value_dim = info.value_dim,
          .positions = positions};
}

Result<ScratchLayout> PlanScratch(const Hyperparameters& hp, SessionPlan& plan) {
  const ModelInfo& info = hp.info;
  const StackSizes shape = LargestOf(info);
  const CheckedSize batch = plan.prefill_batch;
  // An encoder has the hidden states of its whole text there, and the angles of all positions.
  const CheckedSize tokens = std::max(plan.prefill_batch, plan.encoder_context_size);
  const std::size_t pairs = hp.rope.dims / 2;
  ScratchLayout layout;
  LayoutBuilder block;
  const std::size_t ffn_size = std::max({shape.ffn_size, hp.expert_ffn_size, hp.shared_ffn_size});
  const std::size_t gate_size = hp.family->gate == Gate::kNone ? 0 : ffn_size;
  const std::size_t expert_row = hp.experts == 0 ? 0 : shape.hidden_size;
  const struct {
    float* Buffers::*buffer;
    CheckedSize floats;
  } sizes[] = {
      {&Buffers::hidden_state, tokens * shape.hidden_size},
      {&Buffers::normed, batch * shape.hidden_size},
      {&Buffers::query, batch * shape.heads * info.head_dim},
      {&Buffers::key, batch * shape.kv_heads * info.head_dim},
      {&Buffers::value, batch * shape.kv_heads * info.value_dim},
      {&Buffers::attended, batch * shape.heads * info.value_dim},
      {&Buffers::projected, batch * shape.hidden_size},
      {&Buffers::gate, batch * gate_size},
      {&Buffers::up, batch * ffn_size},
      {&Buffers::ffn_out, batch * shape.hidden_size},
      {&Buffers::cosine, tokens * pairs},
      {&Buffers::sine, tokens * pairs},
      {&Buffers::window_cosine, tokens * pairs},
      {&Buffers::window_sine, tokens * pairs},
      {&Buffers::expert_weights, batch * hp.experts},
      {&Buffers::expert_input, batch * expert_row},
      {&Buffers::expert_output, batch * expert_row},
      {&Buffers::logits, CheckedSize(plan.logit_rows()) * info.vocabulary},
  };
  static_assert(std::size(sizes) == std::tuple_size_v<decltype(layout.buffers)>);
  for (std::size_t i = 0; i < std::size(sizes); ++i) {
    layout.buffers[i] = {sizes[i].buffer, block.Floats(sizes[i].floats)};
  }
  const std::size_t max_cols =
      std::max({shape.hidden_size, ffn_size, shape.heads * shape.value_dim});
  plan.matmul = {.batch_size = plan.prefill_batch,
                 .max_cols = max_cols,
                 .workers = plan.threads,
                 .bf16 = plan.arithmetic == Arithmetic::kFast && plan.kernels->bf16 != nullptr};
  layout.matmul_floats = matmul::ScratchFloats(plan.matmul);
  layout.matmul = block.Floats(layout.matmul_floats);
  layout.attention_floats =
      attention::ScratchFloats(*plan.kernels, AttentionScratchShape(hp, plan));
  layout.attention = block.Floats(layout.attention_floats);
  const auto bias = [&](const StackInfo& stack, std::size_t positions, std::size_t& floats) {
    const CheckedSize size = DistanceBiasFloats(hp, stack, positions);
    floats = size.value();
    return block.Floats(size);
  };
  if (info.has_encoder()) {
    layout.encoder_bias =
        bias(info.encoder_stack(), plan.encoder_context_size, layout.encoder_bias_floats);
  }
  if (info.has_decoder()) {
    layout.decoder_bias = bias(info, plan.context_size, layout.decoder_bias_floats);
  }
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
  if (info.kind == ModelKind::kEncoder) {
    plan.encoder_context_size = plan.context_size;
  } else if (info.kind == ModelKind::kEncoderDecoder) {
    plan.encoder_context_size =
        options.encoder_context_size == 0 ? info.context : options.encoder_context_size;
  }
  for (const std::size_t tokens : {plan.context_size, plan.encoder_context_size}) {
    if (hp.family->positions == PositionKind::kLearned && tokens > info.context) {
      return {StatusCode::kLimitExceeded,
              info.path + ": " + std::to_string(tokens) +
                  " tokens asked for, but the model has learned positions for only " +
                  std::to_string(info.context)};
    }
    if (tokens > kMaxPositions) {
      return {StatusCode::kLimitExceeded, std::to_string(tokens) +
                                              " tokens asked for; the limit is " +
                                              std::to_string(kMaxPositions)};
    }
  }
  if (options.prefill_batch == 0)
    return {StatusCode::kInvalidArgument, "prefill_batch must be at least 1"};
  plan.prefill_batch =
      std::min(options.prefill_batch, std::max(plan.context_size, plan.encoder_context_size));
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
  // An encoder is done with a layer's keys when it comes to the next.
  const std::size_t layers = info.kind == ModelKind::kEncoder ? 1 : info.layers;
  plan.kv = CacheShape(info, options.kv_type, layers, plan.context_size);
  if (info.kind == ModelKind::kEncoderDecoder) {
    plan.encoder_kv = CacheShape(info.encoder, options.kv_type, 1, plan.encoder_context_size);
    plan.cross_kv = CacheShape(info, options.kv_type, info.layers, plan.encoder_context_size);
  }
  return Status::Ok();
}

}  // namespace

attention::ScratchShape AttentionScratchShape(const Hyperparameters& hp, const SessionPlan& plan) {
  const StackSizes shape = LargestOf(hp.info);
  const bool cross = hp.info.kind == ModelKind::kEncoderDecoder;
  return {.batch_size = plan.prefill_batch,
          .max_positions = std::max(plan.context_size, plan.encoder_context_size),
          .heads = shape.heads,
          .kv_heads = shape.kv_heads,
          .head_dim = shape.head_dim,
          .value_dim = shape.value_dim,
          .workers = plan.threads,
          .new_keys =
              cross ? std::max(plan.prefill_batch, plan.encoder_context_size) : plan.prefill_batch};
}

Result<SessionPlan> PlanSession(const Hyperparameters& hp, const SessionOptions& options) {
  SessionPlan plan;
  FOVEA_RETURN_IF_ERROR(ResolveOptions(hp, options, plan));
  const CheckedSize kv_bytes = attention::KvCache::Bytes(plan.kv) +
                               attention::KvCache::Bytes(plan.encoder_kv) +
                               attention::KvCache::Bytes(plan.cross_kv);
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
