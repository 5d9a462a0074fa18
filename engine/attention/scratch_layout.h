// What lies where in the scratch memory of tiled attention, with checked sizes.
#ifndef FOVEA_ATTENTION_SCRATCH_LAYOUT_H_
#define FOVEA_ATTENTION_SCRATCH_LAYOUT_H_

#include <cstddef>

#include "engine/kernels/dispatch/kernel_table.h"
#include "platform/checked_math.h"

namespace fovea::attention {

/// What scratch is sized for, including what will be observed. Rows (and scores) for an observer
/// need up to 48 rows of max_positions per worker, but no more than 512 KiB unless the heads of one
/// token need more.
struct ScratchShape {
  std::size_t batch_size = 0;  ///< Tokens of one call, at most (the prefill batch).
  std::size_t max_positions = 0;
  std::size_t heads = 0;
  std::size_t kv_heads = 0;
  std::size_t head_dim = 0;
  std::size_t value_dim = 0;
  std::size_t workers = 1;
  /// Keys and values that a call gives an observer, at most (Call::new_keys): those of the batch in
  /// self-attention, those of the other sequence in cross-attention.
  std::size_t new_keys = 0;
  bool rows = false;
  bool scores = false;
  bool trace = false;
  bool values = false;
};

/// Floats of scratch for calls of at most these sizes; the largest size_t if the sum overflows.
std::size_t ScratchFloats(const kernels::KernelTable& kernels, const ScratchShape& shape);

/// How the query heads of one KV head are split into head groups that fit a tile.
struct HeadSplit {
  std::size_t groups_per_kv_head = 1;
  std::size_t heads_per_group = 1;  ///< The last group may have fewer.
};
HeadSplit SplitHeads(std::size_t heads, std::size_t kv_heads);

/// Sizes in floats, whole cache lines each; in memory in this order, the workers' last.
struct ScratchLayout {
  using Size = platform::CheckedSize;

  Size trace_lse;    ///< [heads, tokens]
  Size trace_query;  ///< [tokens, heads, head_dim], used if the caller's rows are not packed.
  Size trace_key;    ///< [new keys, kv_heads, head_dim]
  Size values;       ///< [new keys, kv_heads, value_dim]
  Size counters;     ///< [head groups]
  Size partials;     ///< [rows, splits, PartialFloats(value_dim)] of split calls.
  // Per worker:
  Size tile;                 ///< The kernel's own scratch.
  Size map_stride;           ///< Floats between rows of weights or scores.
  Size map;                  ///< [map_rows, map_stride]
  Size split_max;            ///< [map_rows, SplitMaxFloats(positions)]
  std::size_t map_rows = 1;  ///< Rows of a tile that is observed.
  bool scores = false;

  Size trace_at() const { return 0; }
  Size values_at() const { return trace_lse + trace_query + trace_key; }
  Size counters_at() const { return values_at() + values; }
  Size partials_at() const { return counters_at() + counters; }
  Size workers_at() const { return partials_at() + partials; }
  Size Worker() const { return tile + map + split_max + (scores ? map : Size(0)); }
};

/// Sizes and offsets for calls of this shape.
ScratchLayout PlanScratch(const kernels::KernelTable& kernels, const ScratchShape& shape);

}  // namespace fovea::attention

#endif  // FOVEA_ATTENTION_SCRATCH_LAYOUT_H_
