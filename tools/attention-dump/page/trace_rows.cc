#include "tools/attention-dump/page/trace_rows.h"
#include "fovea/status_macros.h"

#include <algorithm>
#include <vector>

namespace fovea::dump {
namespace {

constexpr std::size_t kRows = 64;

Mask::Kind MaskKind(const HeadTrace& trace) {
  if (trace.window == 0) return trace.causal ? Mask::Kind::kCausal : Mask::Kind::kNone;
  return trace.causal ? Mask::Kind::kSlidingWindow : Mask::Kind::kSymmetricWindow;
}

}  // namespace

HeadTrace TraceOf(const Recording& recording, std::size_t map, std::size_t tokens, bool causal) {
  const RecordingPlan& plan = recording.plan;
  const std::size_t layer = map / plan.heads.size();
  const std::size_t head = map % plan.heads.size();
  const RecordedTrace& trace = recording.traces[layer];
  const std::size_t planned = plan.tokens * plan.head_dim;
  const std::size_t used = tokens * plan.head_dim;
  const std::size_t kv = plan.KvIndex(plan.KvHead(plan.heads[head]));
  return {.tokens = tokens,
          .dim = plan.head_dim,
          .query = std::span(trace.query).subspan(head * planned, used),
          .key = std::span(trace.key).subspan(kv * planned, used),
          .scale = trace.scale,
          .softcap = trace.softcap,
          .causal = causal,
          .window = causal == plan.causal && layer < plan.windows.size() ? plan.windows[layer] : 0,
          .isa = trace.isa};
}

Status RebuildRows(const HeadTrace& trace, std::size_t begin, std::size_t end,
                   const std::function<Status(const AttentionRows&)>& take) {
  // Only the weights are wanted: one value per key keeps the operator's other half small.
  const std::vector<float> values(trace.tokens, 0.0F);
  for (std::size_t first = begin; first < end; first += kRows) {
    const std::size_t rows = std::min(kRows, end - first);
    const Mask mask = {.kind = MaskKind(trace), .window = trace.window, .first_query = first};
    const std::size_t keys = mask.KeyRange(rows - 1, trace.tokens).end;
    const Result<AttendOutputs> block =
        Attend({.queries = rows,
                .keys = keys,
                .query_width = trace.dim,
                .key_width = trace.dim,
                .value_width = 1,
                .query = trace.query.subspan(first * trace.dim, rows * trace.dim),
                .key = trace.key.first(keys * trace.dim),
                .value = std::span(values).first(keys),
                .mask = mask,
                .scale = trace.scale,
                .softcap = trace.softcap,
                .isa = trace.isa});
    FOVEA_RETURN_IF_ERROR(block);
    AttentionRows delivered;
    delivered.query_begin = first;
    delivered.query_count = rows;
    delivered.key_count = delivered.stride = keys;
    delivered.weights = block->weights.data();
    delivered.log_sum_exp = block->log_sum_exp.data();
    delivered.mask = mask.kind;
    delivered.window = mask.window;
    FOVEA_RETURN_IF_ERROR(take(delivered));
  }
  return Status::Ok();
}

}  // namespace fovea::dump
