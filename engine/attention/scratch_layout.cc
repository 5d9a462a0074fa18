#include "engine/attention/scratch_layout.h"

#include <algorithm>

namespace fovea::attention {
namespace {

using kernels::kKeyPiece;
using kernels::kMaxTileRows;
using platform::CheckedSize;

constexpr std::size_t kFloatsPerLine = 16;  // Regions start on cache lines.
/// Floats of a worker's map: half of a second-level cache of 1 MiB.
constexpr std::size_t kMapFloats = std::size_t{1} << 17;
/// A call of several tokens is split if its rows times pieces come to no more than this many per
/// head.
constexpr std::size_t kSplitPieces = 512;
constexpr std::size_t kSplitTokens = 8;

CheckedSize Lines(CheckedSize floats) {
  return floats.AlignedUp(kFloatsPerLine);
}

}  // namespace

HeadSplit SplitHeads(std::size_t heads, std::size_t kv_heads) {
  using kernels::kMaxTileHeads;
  const std::size_t group = heads / kv_heads;
  const std::size_t units = (group + kMaxTileHeads - 1) / kMaxTileHeads;
  return {units, (group + units - 1) / units};
}

ScratchLayout LayOut(const kernels::KernelTable& kernels, const ScratchShape& shape) {
  const HeadSplit split = SplitHeads(shape.heads, shape.kv_heads);
  ScratchLayout layout;
  if (shape.trace) {
    layout.trace_lse = Lines(CheckedSize(shape.heads) * shape.max_tokens);
    layout.trace_query = Lines(CheckedSize(shape.max_tokens) * shape.heads * shape.head_dim);
    layout.trace_key = Lines(CheckedSize(shape.max_tokens) * shape.kv_heads * shape.head_dim);
  }
  if (shape.values) {
    layout.values = Lines(CheckedSize(shape.max_tokens) * shape.kv_heads * shape.value_dim);
  }
  layout.counters = Lines(CheckedSize(shape.kv_heads) * split.units_per_kv_head);
  if (shape.workers > 1) {
    const std::size_t pieces = shape.max_positions / kKeyPiece + 1;
    const std::size_t rows_times_pieces =
        std::max(pieces, std::min(kSplitPieces, std::min(pieces, kSplitPieces) * kSplitTokens));
    layout.partials =
        CheckedSize(shape.heads) * rows_times_pieces * kernels::PartialFloats(shape.value_dim);
  }
  layout.tile = Lines(kernels.attend_scratch_floats(shape.head_dim, shape.value_dim));
  if (shape.rows || shape.scores) {
    // Monotone in the number of positions: a layout for fewer of them never takes more.
    layout.map_stride = Lines(shape.max_positions);
    const CheckedSize least = layout.map_stride * split.heads_per_unit;
    const std::size_t roomy = std::min((layout.map_stride * kMaxTileRows).value(), kMapFloats);
    layout.map = least.value() >= roomy ? least : CheckedSize(roomy);
    layout.map_rows = std::min(
        kMaxTileRows, layout.map.value() / std::max<std::size_t>(1, layout.map_stride.value()));
    layout.piece_max = CheckedSize(kernels::PieceMaxFloats(shape.max_positions)) * kMaxTileRows;
    layout.scores = shape.scores;
  }
  return layout;
}

std::size_t ScratchFloats(const kernels::KernelTable& kernels, const ScratchShape& shape) {
  const ScratchLayout layout = LayOut(kernels, shape);
  return (layout.workers_at() + layout.Worker() * shape.workers).value();
}

}  // namespace fovea::attention
