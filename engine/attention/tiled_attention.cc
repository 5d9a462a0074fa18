#include "engine/attention/tiled_attention.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <limits>
#include <mutex>

#include "engine/attention/scratch_layout.h"

namespace fovea::attention {
namespace {

using kernels::AttendTileArgs;
using kernels::kKeyPiece;
using kernels::kMaxTileRows;

/// Tasks per worker that keep all of them busy to the end.
constexpr std::size_t kTasksPerWorker = 8;

/// Heads that are computed together, because they read the same keys and values.
struct Unit {
  std::size_t index = 0;
  std::size_t kv_head = 0;
  std::size_t head = 0;  ///< The first query head.
  std::size_t heads = 0;
};

/// Rows of a unit: all its heads for some tokens.
struct Block {
  Unit unit;
  std::size_t first = 0;  ///< Token.
  std::size_t tokens = 0;

  std::size_t rows() const { return tokens * unit.heads; }
};

/// Which keys the rows of a block see.
struct KeyRanges {
  std::size_t begin[kMaxTileRows];
  std::size_t end[kMaxTileRows];
};

/// One call to Run, taken apart into independent tasks: blocks of rows of one unit; or, where there
/// are few rows and many keys, the pieces of keys that they see.
class Runner {
 public:
  Runner(const Context& context, const Call& call)
      : context_(context),
        call_(call),
        split_(SplitHeads(call.heads, call.kv_heads)),
        units_(call.kv_heads * split_.units_per_kv_head) {
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
        shape.values = selection_->values;
      }
    }
    rows_ = shape.rows;
    trace_ = shape.trace;
    values_ = shape.values;
    layout_ = LayOut(*context.kernels, shape);
    counters_ = reinterpret_cast<std::uint32_t*>(At(layout_.counters_at()));
    std::fill_n(counters_, units_, 0U);
  }

  void Run() {
    if (values_) DeliverValues();
    std::size_t observed = 0;
    for (std::size_t unit = 0; unit < units_; ++unit) observed += Observed(UnitAt(unit)) ? 1 : 0;
    const std::size_t plain = units_ - observed;

    const std::size_t tokens = TokensPerBlock(kMaxTileRows);
    const std::size_t blocks = (call_.tokens + tokens - 1) / tokens;
    if (observed == 0 && blocks == 1 && PlanPieces()) {
      RunPieces();
    } else {
      // Observed blocks are taken in ascending order, whatever order the tasks come in, so that a
      // block which waits for the one before it waits for somebody who is at work.
      const std::size_t map_tokens = TokensPerBlock(layout_.map_rows);
      const std::size_t map_blocks = (call_.tokens + map_tokens - 1) / map_tokens;
      const std::size_t tickets = observed * map_blocks;
      context_.parallel->Run(tickets + plain * blocks, [&](std::size_t task, std::size_t worker) {
        if (task < tickets) {
          const std::size_t ticket = next_ticket_.fetch_add(1, std::memory_order_relaxed);
          RunBlock(BlockAt(NthUnit(ticket % observed, true), ticket / observed, map_tokens), worker,
                   true);
        } else {
          // Blocks of a unit are neighbours; late ones, which see most keys, come first.
          const std::size_t index = task - tickets;
          RunBlock(BlockAt(NthUnit(index / blocks, false), blocks - 1 - index % blocks, tokens),
                   worker, false);
        }
      });
    }
    if (trace_) DeliverTrace();
  }

 private:
  float* At(platform::CheckedSize offset) const { return context_.scratch.data() + offset.value(); }
  float* WorkerScratch(std::size_t worker) const {
    return At(layout_.workers_at()) + worker * layout_.Worker().value();
  }

  Unit UnitAt(std::size_t index) const {
    const std::size_t group = call_.heads / call_.kv_heads;
    const std::size_t kv_head = index / split_.units_per_kv_head;
    const std::size_t skipped =
        std::min(group, index % split_.units_per_kv_head * split_.heads_per_unit);
    return {index, kv_head, kv_head * group + skipped,
            std::min(split_.heads_per_unit, group - skipped)};
  }

  bool Observed(std::size_t head) const { return rows_ && selection_->HasHead(head); }
  bool Observed(const Unit& unit) const {
    bool any = false;
    for (std::size_t h = 0; h < unit.heads; ++h) any = any || Observed(unit.head + h);
    return any;
  }

  /// The n-th of the observed, or of the other, units.
  std::size_t NthUnit(std::size_t n, bool observed) const {
    std::size_t index = 0;
    for (;; ++index) {
      if (Observed(UnitAt(index)) != observed) continue;
      if (n == 0) return index;
      --n;
    }
  }

  std::size_t TokensPerBlock(std::size_t rows) const {
    return std::max<std::size_t>(1, rows / split_.heads_per_unit);
  }

  Block BlockAt(std::size_t unit, std::size_t index, std::size_t tokens) const {
    const std::size_t first = index * tokens;
    return {UnitAt(unit), first, std::min(tokens, call_.tokens - first)};
  }

  KeyRanges RangesOf(const Block& block) const {
    KeyRanges ranges;
    for (std::size_t r = 0; r < block.rows(); ++r) {
      const Mask::Range range =
          call_.mask.KeyRange(block.first + r / block.unit.heads, call_.positions);
      ranges.begin[r] = range.begin;
      ranges.end[r] = range.end;
    }
    return ranges;
  }

  AttendTileArgs ArgsOf(const Block& block, const KeyRanges& ranges, std::size_t worker) const {
    const Unit& unit = block.unit;
    AttendTileArgs args;
    args.rows = block.rows();
    args.heads = unit.heads;
    args.head_dim = call_.head_dim;
    args.value_dim = call_.value_dim;
    args.query = call_.query + block.first * call_.query_stride + unit.head * call_.head_dim;
    args.query_stride = call_.query_stride;
    args.blocked = call_.key.blocked;
    args.key_type = call_.key.type;
    args.value_type = call_.value.type;
    args.key = call_.key.data + unit.kv_head * call_.key.head_stride;
    args.key_stride = call_.key.stride;
    args.value = call_.value.data + unit.kv_head * call_.value.head_stride;
    args.value_stride = call_.value.stride;
    args.key_begin = ranges.begin;
    args.key_end = ranges.end;
    args.key_valid = call_.mask.key_valid.empty() ? nullptr : call_.mask.key_valid.data();
    args.scale = call_.scale;
    args.softcap = call_.softcap;
    args.out = call_.out + block.first * call_.out_stride + unit.head * call_.value_dim;
    args.out_stride = call_.out_stride;
    args.scratch = WorkerScratch(worker);
    return args;
  }

  void RunBlock(const Block& block, std::size_t worker, bool observed) {
    if (block.unit.heads == 0) return;
    const KeyRanges ranges = RangesOf(block);
    float log_sum_exp[kMaxTileRows];
    AttendTileArgs args = ArgsOf(block, ranges, worker);
    args.log_sum_exp = log_sum_exp;
    if (observed) {
      args.weights = args.scratch + layout_.tile.value();
      args.piece_max = args.weights + layout_.map.value();
      args.scores = layout_.scores ? args.piece_max + layout_.piece_max.value() : nullptr;
      args.weights_stride = layout_.map_stride.value();
      args.key_count = ranges.end[block.rows() - 1];
      args.weight_heads = 0;
      for (std::size_t h = 0; h < block.unit.heads; ++h) {
        if (Observed(block.unit.head + h)) args.weight_heads |= std::uint64_t{1} << h;
      }
    }
    context_.kernels->attend_tile(args);
    if (trace_) {
      for (std::size_t r = 0; r < block.rows(); ++r) KeepLogSumExp(block, r, log_sum_exp[r]);
    }
    if (observed) DeliverInOrder(block, args);
  }

  /// For the trace: [heads, tokens]
  void KeepLogSumExp(const Block& block, std::size_t row, float value) const {
    const std::size_t head = block.unit.head + row % block.unit.heads;
    const std::size_t token = block.first + row / block.unit.heads;
    At(layout_.trace_at())[head * call_.tokens + token] = value;
  }

  /// Gives the observer the block's rows after those of the same heads that come before them.
  void DeliverInOrder(const Block& block, const AttendTileArgs& args) {
    std::uint32_t& delivered = counters_[block.unit.index];
    const bool concurrent = call_.observer->concurrent();
    std::unique_lock<std::mutex> lock(mutex_);
    delivered_.wait(lock, [&] { return delivered == block.first; });
    if (concurrent) lock.unlock();
    for (std::size_t h = 0; h < block.unit.heads; ++h) {
      if (Observed(block.unit.head + h)) DeliverHead(block, args, h);
    }
    if (concurrent) lock.lock();
    delivered = static_cast<std::uint32_t>(block.first + block.tokens);
    lock.unlock();
    delivered_.notify_all();
  }

  void DeliverHead(const Block& block, const AttendTileArgs& args, std::size_t h) const {
    float log_sum_exp[kMaxTileRows];
    for (std::size_t t = 0; t < block.tokens; ++t) {
      log_sum_exp[t] = args.log_sum_exp[t * block.unit.heads + h];
    }
    const std::size_t offset = h * args.weights_stride;
    call_.observer->OnRows({.stream = call_.stream,
                            .layer = call_.layer,
                            .head = block.unit.head + h,
                            .kv_head = block.unit.kv_head,
                            .query_begin = call_.mask.first_query + block.first,
                            .query_count = block.tokens,
                            .key_count = args.key_count,
                            .weights = args.weights + offset,
                            .scores = args.scores != nullptr ? args.scores + offset : nullptr,
                            .stride = args.weights_stride * block.unit.heads,
                            .log_sum_exp = log_sum_exp,
                            .mask = call_.mask.kind,
                            .window = call_.mask.window});
  }

  /// Whether pieces of keys become tasks: several workers, several pieces, and room for their
  /// results.
  bool PlanPieces() {
    if (context_.parallel->workers() == 1) return false;
    const Mask::Range first = call_.mask.KeyRange(0, call_.positions);
    const Mask::Range last = call_.mask.KeyRange(call_.tokens - 1, call_.positions);
    if (first.begin >= last.end) return false;
    first_piece_ = first.begin / kKeyPiece;
    pieces_ = (last.end - 1) / kKeyPiece + 1 - first_piece_;
    const platform::CheckedSize needed = platform::CheckedSize(call_.heads) * call_.tokens *
                                         pieces_ * kernels::PartialFloats(call_.value_dim);
    return pieces_ > 1 && needed.ok() && needed.value() <= layout_.partials.value();
  }

  void RunPieces() {
    const std::size_t most = kTasksPerWorker * context_.parallel->workers();
    const std::size_t together = std::max<std::size_t>(1, pieces_ * units_ / most);
    const std::size_t groups = (pieces_ + together - 1) / together;
    context_.parallel->Run(units_ * groups, [&](std::size_t task, std::size_t worker) {
      const std::size_t unit = task / groups;
      const Block block{UnitAt(unit), 0, call_.tokens};
      if (block.unit.heads == 0) return;
      const KeyRanges ranges = RangesOf(block);
      const std::size_t begin = task % groups * together;
      const std::size_t end = std::min(pieces_, begin + together);
      for (std::size_t piece = begin; piece < end; ++piece) {
        RunPiece(block, ranges, piece, worker);
      }
      // Whoever finishes last sees the results of all.
      std::atomic_ref<std::uint32_t> finished(counters_[unit]);
      if (finished.fetch_add(1, std::memory_order_acq_rel) + 1 == groups) MergePieces(block);
    });
  }

  /// Results of the block's row over the first piece; those of the other pieces follow.
  float* PartialOf(const Block& block, std::size_t row) const {
    return At(layout_.partials_at()) + (block.unit.head * call_.tokens + row) * pieces_ *
                                           kernels::PartialFloats(call_.value_dim);
  }

  void RunPiece(const Block& block, const KeyRanges& all, std::size_t piece, std::size_t worker) {
    const std::size_t begin = (first_piece_ + piece) * kKeyPiece;
    KeyRanges ranges;
    for (std::size_t r = 0; r < block.rows(); ++r) {
      ranges.begin[r] = std::clamp(all.begin[r], begin, begin + kKeyPiece);
      ranges.end[r] = std::clamp(all.end[r], begin, begin + kKeyPiece);
    }
    AttendTileArgs args = ArgsOf(block, ranges, worker);
    const std::size_t stride = kernels::PartialFloats(call_.value_dim);
    args.partial = PartialOf(block, 0) + piece * stride;
    args.partial_stride = pieces_ * stride;
    context_.kernels->attend_tile(args);
  }

  void MergePieces(const Block& block) const {
    for (std::size_t r = 0; r < block.rows(); ++r) {
      const std::size_t head = block.unit.head + r % block.unit.heads;
      float* out = call_.out + r / block.unit.heads * call_.out_stride + head * call_.value_dim;
      const float log_sum_exp = context_.kernels->attend_merge(
          PartialOf(block, r), pieces_, kernels::PartialFloats(call_.value_dim), call_.value_dim,
          out);
      if (trace_) KeepLogSumExp(block, r, log_sum_exp);
    }
  }

  /// The queries as [tokens, heads, head_dim], without copying where they already lie so.
  const float* PackedQueries() const {
    const std::size_t width = call_.heads * call_.head_dim;
    if (call_.tokens == 1 || call_.query_stride == width) return call_.query;
    float* packed = At(layout_.trace_at() + layout_.trace_lse);
    for (std::size_t t = 0; t < call_.tokens; ++t) {
      std::copy_n(call_.query + t * call_.query_stride, width, packed + t * width);
    }
    return packed;
  }

  /// The keys of this call's positions as floats, as the cache holds them.
  const float* GatheredKeys() const {
    float* gathered = At(layout_.trace_at() + layout_.trace_lse + layout_.trace_query);
    float* out = gathered;
    for (std::size_t t = 0; t < call_.tokens; ++t) {
      for (std::size_t kv_head = 0; kv_head < call_.kv_heads; ++kv_head, out += call_.head_dim) {
        ReadKey(call_.key, kv_head, call_.mask.first_query + t, call_.head_dim, out);
      }
    }
    return gathered;
  }

  void DeliverValues() {
    float* gathered = At(layout_.values_at());
    float* out = gathered;
    for (std::size_t t = 0; t < call_.tokens; ++t) {
      for (std::size_t kv_head = 0; kv_head < call_.kv_heads; ++kv_head, out += call_.value_dim) {
        ReadValue(call_.value, kv_head, call_.mask.first_query + t, call_.value_dim, out);
      }
    }
    call_.observer->OnValues({.stream = call_.stream,
                              .layer = call_.layer,
                              .begin = call_.mask.first_query,
                              .count = call_.tokens,
                              .kv_heads = call_.kv_heads,
                              .value_dim = call_.value_dim,
                              .value = gathered});
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
                             .log_sum_exp = At(layout_.trace_at()),
                             .scale = call_.scale,
                             .softcap = call_.softcap,
                             .mask = call_.mask.kind,
                             .window = call_.mask.window});
  }

  const Context& context_;
  const Call& call_;
  const HeadSplit split_;
  const std::size_t units_;
  const AttentionSelection* selection_ = nullptr;
  bool rows_ = false;   ///< This layer's rows are wanted (of the selected heads).
  bool trace_ = false;  ///< This layer's trace is wanted.
  bool values_ = false;
  ScratchLayout layout_;
  /// Per unit: tokens delivered to the observer, or tasks finished.
  std::uint32_t* counters_ = nullptr;
  std::size_t first_piece_ = 0;
  std::size_t pieces_ = 0;
  std::atomic<std::size_t> next_ticket_ = 0;
  std::mutex mutex_;  ///< Guards counters_ while rows are delivered.
  std::condition_variable delivered_;
};

}  // namespace

void Run(const Context& context, const Call& call) {
  if (call.tokens == 0 || call.heads == 0) return;
  Runner(context, call).Run();
}

}  // namespace fovea::attention
