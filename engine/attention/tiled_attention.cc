#include "engine/attention/tiled_attention.h"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "platform/checked_math.h"

namespace fovea::attention {
namespace {

using kernels::AttendTileArgs;
using kernels::kMaxTileQueries;
using platform::CheckedSize;

constexpr std::size_t kFloatsPerLine = 16;  // Regions of scratch start on cache lines.

CheckedSize Lines(CheckedSize floats) {
  return floats.AlignedUp(kFloatsPerLine);
}

/// Where everything lies in scratch: the trace's arrays first, then one region per worker.
struct ScratchLayout {
  CheckedSize trace_lse;  ///< [heads, tokens]
  CheckedSize
      trace_query;         ///< [tokens, heads, head_dim], used if the caller's rows are not packed.
  CheckedSize trace_key;   ///< [tokens, kv_heads, head_dim]
  CheckedSize tile;        ///< Per worker: the kernel's own.
  CheckedSize map_stride;  ///< Floats between rows of weights or scores.
  CheckedSize map;         ///< Per worker: [kMaxTileQueries, map_stride]
  bool scores = false;

  CheckedSize Trace() const { return trace_lse + trace_query + trace_key; }
  CheckedSize Worker() const { return tile + map + (scores ? map : CheckedSize(0)); }
};

ScratchLayout LayOut(const kernels::KernelTable& kernels, const ScratchShape& shape) {
  ScratchLayout layout;
  if (shape.trace) {
    layout.trace_lse = Lines(CheckedSize(shape.heads) * shape.max_tokens);
    layout.trace_query = Lines(CheckedSize(shape.max_tokens) * shape.heads * shape.head_dim);
    layout.trace_key = Lines(CheckedSize(shape.max_tokens) * shape.kv_heads * shape.head_dim);
  }
  layout.tile = Lines(kernels.attend_scratch_floats(shape.head_dim, shape.value_dim));
  if (shape.rows || shape.scores) {
    layout.map_stride = Lines(shape.max_positions);
    layout.map = layout.map_stride * kMaxTileQueries;
    layout.scores = shape.scores;
  }
  return layout;
}

/// One call to Run, taken apart into independent tasks.
///
/// A task is a block of query rows of one head; an observed head is one task as a whole, so that
/// its rows arrive in ascending order. For a single token the heads that share one KV head are one
/// task.
class Runner {
 public:
  Runner(const Context& context, const Call& call)
      : context_(context), call_(call), group_(call.heads / call.kv_heads) {
    ScratchShape shape{.max_tokens = call.tokens,
                       .max_positions = call.positions,
                       .heads = call.heads,
                       .kv_heads = call.kv_heads,
                       .head_dim = call.head_dim,
                       .value_dim = call.value_dim,
                       .workers = context.parallel->workers()};
    if (call.observer != nullptr) {
      selection_ = &call.observer->selection();
      if (selection_->HasLayer(call.layer)) {
        shape.rows = selection_->rows || selection_->scores;
        shape.scores = selection_->scores;
        shape.trace = selection_->trace;
      }
    }
    rows_ = shape.rows;
    trace_ = shape.trace;
    layout_ = LayOut(*context.kernels, shape);
  }

  void Run() {
    std::size_t observed = 0;
    for (std::size_t head = 0; head < call_.heads; ++head) observed += Observed(head) ? 1 : 0;

    if (call_.tokens == 1) {
      const std::size_t slices = (group_ + kMaxTileQueries - 1) / kMaxTileQueries;
      context_.parallel->Run(call_.kv_heads * slices, [&](std::size_t task, std::size_t worker) {
        RunHeadGroup(task / slices, task % slices, worker);
      });
    } else {
      const std::size_t blocks = (call_.tokens + kMaxTileQueries - 1) / kMaxTileQueries;
      const std::size_t tasks = observed + (call_.heads - observed) * blocks;
      context_.parallel->Run(tasks, [&](std::size_t task, std::size_t worker) {
        if (task < observed) {
          // The longest tasks come first.
          const std::size_t head = NthHead(task, /*observed=*/true);
          for (std::size_t block = 0; block < blocks; ++block) RunBlock(head, block, worker);
          return;
        }
        // Heads of one KV group are neighbours; late blocks, which see most keys, come first.
        const std::size_t plain = task - observed;
        RunBlock(NthHead(plain / blocks, /*observed=*/false), blocks - 1 - plain % blocks, worker);
      });
    }
    if (trace_) DeliverTrace();
  }

 private:
  bool Observed(std::size_t head) const { return rows_ && selection_->HasHead(head); }

  /// The n-th of the observed, or of the other, heads.
  std::size_t NthHead(std::size_t n, bool observed) const {
    std::size_t head = 0;
    for (;; ++head) {
      if (Observed(head) != observed) continue;
      if (n == 0) return head;
      --n;
    }
  }

  float* WorkerScratch(std::size_t worker) const {
    return context_.scratch.data() + layout_.Trace().value() + worker * layout_.Worker().value();
  }

  /// What all tiles of a head have in common.
  AttendTileArgs HeadArgs(std::size_t kv_head, std::size_t worker) const {
    AttendTileArgs args;
    args.head_dim = call_.head_dim;
    args.value_dim = call_.value_dim;
    args.kv_type = call_.key.type;
    args.key = call_.key.data + kv_head * call_.key.head_stride;
    args.key_stride_bytes = call_.key.position_stride;
    args.value = call_.value.data + kv_head * call_.value.head_stride;
    args.value_stride_bytes = call_.value.position_stride;
    args.key_valid = call_.mask.key_valid.empty() ? nullptr : call_.mask.key_valid.data();
    args.scale = call_.scale;
    args.softcap = call_.softcap;
    args.scratch = WorkerScratch(worker);
    return args;
  }

  /// Decode: one query row of each head that reads `kv_head` (of at most kMaxTileQueries of them).
  void RunHeadGroup(std::size_t kv_head, std::size_t slice, std::size_t worker) {
    const std::size_t head = kv_head * group_ + slice * kMaxTileQueries;
    const std::size_t end = (kv_head + 1) * group_;
    const Mask::Range range = call_.mask.KeyRange(0, call_.positions);
    std::size_t key_begin[kMaxTileQueries];
    std::size_t key_end[kMaxTileQueries];
    std::fill_n(key_begin, kMaxTileQueries, range.begin);
    std::fill_n(key_end, kMaxTileQueries, range.end);
    float lse[kMaxTileQueries];

    AttendTileArgs args = HeadArgs(kv_head, worker);
    args.queries = std::min(end - head, kMaxTileQueries);
    args.query = call_.query + head * call_.head_dim;
    args.query_stride = call_.head_dim;
    args.key_begin = key_begin;
    args.key_end = key_end;
    args.out = call_.out + head * call_.value_dim;
    args.out_stride = call_.value_dim;
    args.log_sum_exp = trace_ ? context_.scratch.data() + head : lse;
    bool observed = false;
    for (std::size_t r = 0; r < args.queries; ++r) observed = observed || Observed(head + r);
    if (observed) AskForWeights(&args);
    context_.kernels->attend_tile(args);
    for (std::size_t r = 0; r < args.queries; ++r) {
      if (Observed(head + r)) DeliverRows(args, r, 1, head + r, 0);
    }
  }

  /// kMaxTileQueries query rows of one head.
  void RunBlock(std::size_t head, std::size_t block, std::size_t worker) {
    const std::size_t first = block * kMaxTileQueries;
    const std::size_t count = std::min(call_.tokens - first, kMaxTileQueries);
    std::size_t key_begin[kMaxTileQueries];
    std::size_t key_end[kMaxTileQueries];
    for (std::size_t r = 0; r < count; ++r) {
      const Mask::Range range = call_.mask.KeyRange(first + r, call_.positions);
      key_begin[r] = range.begin;
      key_end[r] = range.end;
    }
    float lse[kMaxTileQueries];

    AttendTileArgs args = HeadArgs(head / group_, worker);
    args.queries = count;
    args.query = call_.query + first * call_.query_stride + head * call_.head_dim;
    args.query_stride = call_.query_stride;
    args.key_begin = key_begin;
    args.key_end = key_end;
    args.out = call_.out + first * call_.out_stride + head * call_.value_dim;
    args.out_stride = call_.out_stride;
    args.log_sum_exp = trace_ ? context_.scratch.data() + head * call_.tokens + first : lse;
    const bool observed = Observed(head);
    if (observed) AskForWeights(&args);
    context_.kernels->attend_tile(args);
    if (observed) DeliverRows(args, 0, count, head, first);
  }

  /// Points the tile at the worker's map buffers; its ranges must be set.
  void AskForWeights(AttendTileArgs* args) const {
    args->weights = args->scratch + layout_.tile.value();
    args->scores = layout_.scores ? args->weights + layout_.map.value() : nullptr;
    args->weights_stride = layout_.map_stride.value();
    args->key_count = args->key_end[args->queries - 1];
  }

  /// Rows [row, row + count) of a finished tile are those of `head` from query `first` on.
  void DeliverRows(const AttendTileArgs& args, std::size_t row, std::size_t count, std::size_t head,
                   std::size_t first) {
    const std::size_t offset = row * args.weights_stride;
    const AttentionRows rows{.stream = call_.stream,
                             .layer = call_.layer,
                             .head = head,
                             .kv_head = head / group_,
                             .query_begin = call_.mask.first_query + first,
                             .query_count = count,
                             .key_count = args.key_count,
                             .weights = args.weights + offset,
                             .scores = args.scores != nullptr ? args.scores + offset : nullptr,
                             .stride = args.weights_stride,
                             .log_sum_exp = args.log_sum_exp + row,
                             .mask = call_.mask.kind,
                             .window = call_.mask.window};
    if (call_.observer->concurrent()) {
      call_.observer->OnRows(rows);
      return;
    }
    const std::lock_guard<std::mutex> lock(observer_mutex_);
    call_.observer->OnRows(rows);
  }

  /// The queries as [tokens, heads, head_dim], without copying where they already lie so.
  const float* PackedQueries() const {
    const std::size_t width = call_.heads * call_.head_dim;
    if (call_.tokens == 1 || call_.query_stride == width) return call_.query;
    float* packed = context_.scratch.data() + layout_.trace_lse.value();
    for (std::size_t t = 0; t < call_.tokens; ++t) {
      std::copy_n(call_.query + t * call_.query_stride, width, packed + t * width);
    }
    return packed;
  }

  /// The keys of this call's positions as floats, as the cache holds them.
  const float* GatheredKeys() const {
    float* gathered = context_.scratch.data() + (layout_.trace_lse + layout_.trace_query).value();
    float* out = gathered;
    for (std::size_t t = 0; t < call_.tokens; ++t) {
      for (std::size_t kv_head = 0; kv_head < call_.kv_heads; ++kv_head, out += call_.head_dim) {
        const std::byte* row = call_.key.data + kv_head * call_.key.head_stride +
                               (call_.mask.first_query + t) * call_.key.position_stride;
        if (call_.key.type == DataType::kF32) {
          std::memcpy(out, row, call_.head_dim * sizeof(float));
        } else {
          context_.kernels->f16_to_f32(reinterpret_cast<const std::uint16_t*>(row), call_.head_dim,
                                       out);
        }
      }
    }
    return gathered;
  }

  void DeliverTrace() {
    call_.observer->OnTrace({.stream = call_.stream,
                             .layer = call_.layer,
                             .query_begin = call_.mask.first_query,
                             .query_count = call_.tokens,
                             .heads = call_.heads,
                             .kv_heads = call_.kv_heads,
                             .head_dim = call_.head_dim,
                             .query = PackedQueries(),
                             .key = GatheredKeys(),
                             .log_sum_exp = context_.scratch.data(),
                             .scale = call_.scale,
                             .softcap = call_.softcap,
                             .mask = call_.mask.kind,
                             .window = call_.mask.window});
  }

  const Context& context_;
  const Call& call_;
  const std::size_t group_;  ///< Query heads per KV head.
  const AttentionSelection* selection_ = nullptr;
  bool rows_ = false;   ///< This layer's rows are wanted (of the selected heads).
  bool trace_ = false;  ///< This layer's trace is wanted.
  ScratchLayout layout_;
  std::mutex observer_mutex_;
};

}  // namespace

std::size_t ScratchFloats(const kernels::KernelTable& kernels, const ScratchShape& shape) {
  const ScratchLayout layout = LayOut(kernels, shape);
  return (layout.Trace() + layout.Worker() * shape.workers).value();
}

void Run(const Context& context, const Call& call) {
  if (call.tokens == 0 || call.heads == 0) return;
  Runner(context, call).Run();
}

}  // namespace fovea::attention
