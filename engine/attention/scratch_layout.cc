#include "engine/attention/scratch_layout.h"

#include <algorithm>

namespace fovea::attention {
namespace {

using kernels::kKvSplit;
using kernels::kMaxTileRows;
using platform::CheckedSize;

constexpr std::size_t kFloatsPerLine = 16;  // Regions start on cache lines.
/// Floats of a worker's map: half of a second-level cache of 1 MiB.
constexpr std::size_t kMapFloats = std::size_t{1} << 17;
/// A call of several tokens is split if its rows times splits per head are no more than this.
constexpr std::size_t kMaxRowSplits = 512;
constexpr std::size_t kSplitCallTokens = 8;

CheckedSize Lines(CheckedSize floats) {
  return floats.AlignedUp(kFloatsPerLine);
}

}  // namespace

HeadSplit SplitHeads(std::size_t heads, std::size_t kv_heads) {
  using kernels::kMaxTileHeads;
  const std::size_t group = heads / kv_heads;
  const std::size_t groups = (group + kMaxTileHeads - 1) / kMaxTileHeads;
  return {groups, (group + groups - 1) / groups};
}

ScratchLayout PlanScratch(const kernels::KernelTable& kernels, const ScratchShape& shape) {
  const HeadSplit split = SplitHeads(shape.heads, shape.kv_heads);
  ScratchLayout layout;
  if (shape.trace) {
    layout.trace_lse = Lines(CheckedSize(shape.heads) * shape.batch_size);
    layout.trace_query = Lines(CheckedSize(shape.batch_size) * shape.heads * shape.head_dim);
    layout.trace_key = Lines(CheckedSize(shape.new_keys) * shape.kv_heads * shape.head_dim);
  }
  if (shape.values) {
    layout.values = Lines(CheckedSize(shape.new_keys) * shape.kv_heads * shape.value_dim);
  }
  layout.counters = Lines(CheckedSize(shape.kv_heads) * split.groups_per_kv_head);
  if (shape.workers > 1) {
    const std::size_t splits = shape.max_positions / kKvSplit + 1;
    const std::size_t rows_times_splits = std::max(
        splits, std::min(kMaxRowSplits, std::min(splits, kMaxRowSplits) * kSplitCallTokens));
    layout.partials =
        CheckedSize(shape.heads) * rows_times_splits * kernels::PartialFloats(shape.value_dim);
  }
  layout.tile = Lines(kernels.attend_scratch_floats(shape.head_dim, shape.value_dim));
  if (shape.rows || shape.scores) {
    // Monotone in the number of positions: a layout for fewer of them is never larger.
    layout.map_stride = Lines(shape.max_positions);
    const CheckedSize least = layout.map_stride * split.heads_per_group;
    const std::size_t wanted = std::min((layout.map_stride * kMaxTileRows).value(), kMapFloats);
    layout.map = least.value() >= wanted ? least : CheckedSize(wanted);
    layout.map_rows = std::min(
        kMaxTileRows, layout.map.value() / std::max<std::size_t>(1, layout.map_stride.value()));
    layout.split_max = CheckedSize(kernels::SplitMaxFloats(shape.max_positions)) * kMaxTileRows;
    layout.scores = shape.scores;
  }
  return layout;
}

std::size_t ScratchFloats(const kernels::KernelTable& kernels, const ScratchShape& shape) {
  const ScratchLayout layout = PlanScratch(kernels, shape);
  return (layout.workers_at() + layout.Worker() * shape.workers).value();
}

}  // namespace fovea::attention
