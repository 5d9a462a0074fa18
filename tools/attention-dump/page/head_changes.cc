#include "tools/attention-dump/page/head_changes.h"

#include <algorithm>
#include <new>

#include "fovea/status_macros.h"
#include "tools/attention-dump/page/trace_rows.h"

namespace fovea::dump {
namespace {

constexpr std::size_t kMaxRows = 128;

/// Writes a row's weights to `out` [tokens], 0 where the mask hides.
Status CopyRow(const DocumentMaps& maps, std::size_t map, std::size_t row, std::span<float> out) {
  std::fill(out.begin(), out.end(), 0.0F);
  const RecordingPlan& plan = maps.recording->plan;
  if (plan.weights) {
    maps.heads[map].CopyRow(row, out);
    return Status::Ok();
  }
  const HeadTrace trace = TraceOf(*maps.recording, map, maps.tokens, maps.causal);
  return RebuildRows(trace, row, row + 1, [&](const AttentionRows& rebuilt) {
    std::copy(rebuilt.weights, rebuilt.weights + rebuilt.key_count, out.begin());
    return Status::Ok();
  });
}

Status MeasureHead(const DocumentMaps& a, const DocumentMaps& b, std::size_t map,
                   const std::function<bool()>& cancelled, PagePair::Head* head) {
  const std::size_t tokens = a.tokens;
  const std::size_t rows = std::min(tokens, kMaxRows);
  std::vector<float> p(tokens), q(tokens);
  for (std::size_t i = 0; i < rows; ++i) {
    if (cancelled && cancelled()) return {StatusCode::kCancelled, "interrupted"};
    const std::size_t row = tokens - 1 - i * tokens / rows;
    FOVEA_RETURN_IF_ERROR(CopyRow(a, map, row, p));
    FOVEA_RETURN_IF_ERROR(CopyRow(b, map, row, q));
    const double divergence = JensenShannon(p.data(), q.data(), tokens);
    head->js_mean += divergence / static_cast<double>(rows);
    head->js_worst = std::max(head->js_worst, divergence);
    if (SameLargest(p.data(), q.data(), tokens)) head->top1 += 1.0 / static_cast<double>(rows);
  }
  return Status::Ok();
}

}  // namespace

Result<std::vector<PagePair::Head>> MeasureChanges(const DocumentMaps& a, const DocumentMaps& b,
                                                   const std::function<bool()>& cancelled,
                                                   platform::Parallel* parallel) {
  const RecordingPlan& plan = a.recording->plan;
  std::vector<PagePair::Head> changes(plan.layers.size() * plan.heads.size());
  std::vector<Status> failures(changes.size());
  parallel->Run(changes.size(), [&](std::size_t map, std::size_t) {
    try {
      failures[map] = MeasureHead(a, b, map, cancelled, &changes[map]);
    } catch (const std::bad_alloc&) {
      failures[map] = Status(StatusCode::kOutOfMemory, "not enough memory to build the page");
    }
  });
  for (const Status& failure : failures) {
    FOVEA_RETURN_IF_ERROR(failure);
  }
  return changes;
}

}  // namespace fovea::dump
