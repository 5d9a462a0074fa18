#include "engine/attention/tiled_attention.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <limits>
#include <mutex>

#include "engine/attention/observer_arrays.h"
#include "engine/attention/scratch_layout.h"

namespace fovea::attention {
namespace {

using kernels::AttendTileArgs;
using kernels::kKvSplit;
using kernels::kMaxTileRows;

/// Tasks per worker: enough of them that no worker waits long at the end.
constexpr std::size_t kTasksPerWorker = 8;

/// Query heads that are computed together because they read the same keys and values.
struct HeadGroup {
  std::size_t index = 0;
  std::size_t kv_head = 0;
  std::size_t head = 0;  ///< The first query head.
  std::size_t heads = 0;
};

/// Rows of a head group: all its heads for some tokens.
struct Block {
  HeadGroup head_group;
  std::size_t first = 0;  ///< Token.
  std::size_t tokens = 0;

  std::size_t rows() const { return tokens * head_group.heads; }
};

/// Which keys the rows of a block attend to.
struct KeyRanges {
  std::size_t begin[kMaxTileRows];
  std::size_t end[kMaxTileRows];
};

/// One call to Run, split into independent tasks: blocks of rows of one head group; or, where there
/// are few rows and many keys, the KV splits that these rows attend to.
class CallRunner {
 public:
  CallRunner(const Context& context, const Call& call)
      : context_(context),
        call_(call),
        split_(SplitHeads(call.heads, call.kv_heads)),
        head_groups_(call.kv_heads * split_.groups_per_kv_head) {
    ScratchShape shape{.batch_size = call.tokens,
                       .max_positions = call.positions,
                       .heads = call.heads,
                       .kv_heads = call.kv_heads,
                       .head_dim = call.head_dim,
                       .value_dim = call.value_dim,
                       .workers = context.parallel->workers()};
    if (call.observer != nullptr) {
      selection_ = &call.observer->selection();
      if (selection_->HasStream(call.stream) && selection_->HasLayer(call.layer)) {
        const Mask::Range new_keys = NewKeys(call);
        shape.new_keys = new_keys.end - new_keys.begin;
        shape.rows = selection_->rows || selection_->scores;
        shape.scores = selection_->scores;
        shape.trace = selection_->trace;
        shape.values = selection_->values;
      }
    }
    rows_ = shape.rows;
    trace_ = shape.trace;
    values_ = shape.values;
    layout_ = PlanScratch(*context.kernels, shape);
    counters_ = reinterpret_cast<std::uint32_t*>(At(layout_.counters_at()));
    std::fill_n(counters_, head_groups_, 0U);
  }

  void Run() {
    if (values_) DeliverValues(call_, At(layout_.values_at()));
    std::size_t observed = 0;
    for (std::size_t head_group = 0; head_group < head_groups_; ++head_group)
      observed += Observed(HeadGroupAt(head_group)) ? 1 : 0;
    const std::size_t plain = head_groups_ - observed;

    const std::size_t tokens = TokensPerBlock(kMaxTileRows);
    const std::size_t blocks = (call_.tokens + tokens - 1) / tokens;
    if (observed == 0 && blocks == 1 && PlanKvSplits()) {
      RunKvSplits();
    } else {
      // Observed blocks start in ascending order, whatever the order of the tasks: a block waits
      // for the one before it, which must be running by then.
      const std::size_t map_tokens = TokensPerBlock(layout_.map_rows);
      const std::size_t map_blocks = (call_.tokens + map_tokens - 1) / map_tokens;
      const std::size_t tickets = observed * map_blocks;
      context_.parallel->Run(tickets + plain * blocks, [&](std::size_t task, std::size_t worker) {
        if (task < tickets) {
          const std::size_t ticket = next_ticket_.fetch_add(1, std::memory_order_relaxed);
          RunBlock(BlockAt(NthHeadGroup(ticket % observed, true), ticket / observed, map_tokens),
                   worker, true);
        } else {
          // Blocks of one head group follow each other; those with the most keys come first.
          const std::size_t index = task - tickets;
          RunBlock(
              BlockAt(NthHeadGroup(index / blocks, false), blocks - 1 - index % blocks, tokens),
              worker, false);
        }
      });
    }
    if (trace_) {
      DeliverTrace(call_, context_.kernels->isa, At(layout_.trace_at()),
                   At(layout_.trace_at() + layout_.trace_lse),
                   At(layout_.trace_at() + layout_.trace_lse + layout_.trace_query));
    }
  }

 private:
  float* At(platform::CheckedSize offset) const { return context_.scratch.data() + offset.value(); }
  float* WorkerScratch(std::size_t worker) const {
    return At(layout_.workers_at()) + worker * layout_.Worker().value();
  }

  HeadGroup HeadGroupAt(std::size_t index) const {
    const std::size_t group = call_.heads / call_.kv_heads;
    const std::size_t kv_head = index / split_.groups_per_kv_head;
    const std::size_t skipped =
        std::min(group, index % split_.groups_per_kv_head * split_.heads_per_group);
    return {index, kv_head, kv_head * group + skipped,
            std::min(split_.heads_per_group, group - skipped)};
  }

  bool Observed(std::size_t head) const { return rows_ && selection_->HasHead(head); }
  bool Observed(const HeadGroup& head_group) const {
    bool any = false;
    for (std::size_t h = 0; h < head_group.heads; ++h) any = any || Observed(head_group.head + h);
    return any;
  }

  /// The n-th of the observed, or of the other, head groups.
  std::size_t NthHeadGroup(std::size_t n, bool observed) const {
    std::size_t index = 0;
    for (;; ++index) {
      if (Observed(HeadGroupAt(index)) != observed) continue;
      if (n == 0) return index;
      --n;
    }
  }

  std::size_t TokensPerBlock(std::size_t rows) const {
    return std::max<std::size_t>(1, rows / split_.heads_per_group);
  }

  Block BlockAt(std::size_t head_group, std::size_t index, std::size_t tokens) const {
    const std::size_t first = index * tokens;
    return {HeadGroupAt(head_group), first, std::min(tokens, call_.tokens - first)};
  }

  KeyRanges RangesOf(const Block& block) const {
    KeyRanges ranges;
    for (std::size_t r = 0; r < block.rows(); ++r) {
      const Mask::Range range =
          call_.mask.KeyRange(block.first + r / block.head_group.heads, call_.positions);
      ranges.begin[r] = range.begin;
      ranges.end[r] = range.end;
    }
    return ranges;
  }

  AttendTileArgs ArgsOf(const Block& block, const KeyRanges& ranges, std::size_t worker) const {
    const HeadGroup& head_group = block.head_group;
    AttendTileArgs args;
    args.rows = block.rows();
    args.heads = head_group.heads;
    args.head_dim = call_.head_dim;
    args.value_dim = call_.value_dim;
    args.query = call_.query + block.first * call_.query_stride + head_group.head * call_.head_dim;
    args.query_stride = call_.query_stride;
    args.blocked = call_.key.blocked;
    args.key_type = call_.key.type;
    args.value_type = call_.value.type;
    args.key = call_.key.data + head_group.kv_head * call_.key.head_stride;
    args.key_stride = call_.key.stride;
    args.value = call_.value.data + head_group.kv_head * call_.value.head_stride;
    args.value_stride = call_.value.stride;
    args.key_begin = ranges.begin;
    args.key_end = ranges.end;
    args.key_valid = call_.mask.key_valid.empty() ? nullptr : call_.mask.key_valid.data();
    args.scale = call_.scale;
    args.softcap = call_.softcap;
    if (!call_.bias.table.empty()) {
      args.bias = call_.bias.table.data() + head_group.head * call_.bias.head_stride;
      args.bias_stride = call_.bias.head_stride;
      args.bias_first = call_.bias.zero - call_.mask.first_query - block.first;
    }
    args.out = call_.out + block.first * call_.out_stride + head_group.head * call_.value_dim;
    args.out_stride = call_.out_stride;
    args.scratch = WorkerScratch(worker);
    return args;
  }

  void RunBlock(const Block& block, std::size_t worker, bool observed) {
    if (block.head_group.heads == 0) return;
    const KeyRanges ranges = RangesOf(block);
    float log_sum_exp[kMaxTileRows];
    AttendTileArgs args = ArgsOf(block, ranges, worker);
    args.log_sum_exp = log_sum_exp;
    if (observed) {
      args.weights = args.scratch + layout_.tile.value();
      args.split_max = args.weights + layout_.map.value();
      args.scores = layout_.scores ? args.split_max + layout_.split_max.value() : nullptr;
      args.weights_stride = layout_.map_stride.value();
      args.key_count = ranges.end[block.rows() - 1];
      args.weight_heads = 0;
      for (std::size_t h = 0; h < block.head_group.heads; ++h) {
        if (Observed(block.head_group.head + h)) args.weight_heads |= std::uint64_t{1} << h;
      }
    }
    context_.kernels->attend_tile(args);
    for (std::size_t r = 0; r < block.rows(); ++r) {
      CheckDenominator(log_sum_exp[r], {ranges.begin[r], ranges.end[r]});
    }
    if (trace_) {
      for (std::size_t r = 0; r < block.rows(); ++r) KeepLogSumExp(block, r, log_sum_exp[r]);
    }
    if (observed) DeliverInOrder(block, args);
  }

  /// A row that attends to no key has none; with a padding mask that is not known here.
  void CheckDenominator(float log_sum_exp, const Mask::Range& keys) const {
    if (std::isfinite(log_sum_exp) || context_.not_finite == nullptr) return;
    const bool attends = keys.begin < keys.end && call_.mask.key_valid.empty();
    if (attends) context_.not_finite->store(true, std::memory_order_relaxed);
  }

  /// For the trace: [heads, tokens]
  void KeepLogSumExp(const Block& block, std::size_t row, float value) const {
    const std::size_t head = block.head_group.head + row % block.head_group.heads;
    const std::size_t token = block.first + row / block.head_group.heads;
    At(layout_.trace_at())[head * call_.tokens + token] = value;
  }

  /// Gives the observer the block's rows, after all earlier rows of the same heads.
  void DeliverInOrder(const Block& block, const AttendTileArgs& args) {
    std::uint32_t& delivered = counters_[block.head_group.index];
    const bool concurrent = call_.observer->concurrent();
    std::unique_lock<std::mutex> lock(mutex_);
    delivered_.wait(lock, [&] { return delivered == block.first; });
    if (concurrent) lock.unlock();
    for (std::size_t h = 0; h < block.head_group.heads; ++h) {
      if (Observed(block.head_group.head + h)) DeliverHead(block, args, h);
    }
    if (concurrent) lock.lock();
    delivered = static_cast<std::uint32_t>(block.first + block.tokens);
    lock.unlock();
    delivered_.notify_all();
  }

  void DeliverHead(const Block& block, const AttendTileArgs& args, std::size_t h) const {
    float log_sum_exp[kMaxTileRows];
    for (std::size_t t = 0; t < block.tokens; ++t) {
      log_sum_exp[t] = args.log_sum_exp[t * block.head_group.heads + h];
    }
    const std::size_t offset = h * args.weights_stride;
    call_.observer->OnRows({.stream = call_.stream,
                            .layer = call_.layer,
                            .head = block.head_group.head + h,
                            .kv_head = block.head_group.kv_head,
                            .query_begin = call_.mask.first_query + block.first,
                            .query_count = block.tokens,
                            .key_count = args.key_count,
                            .weights = args.weights + offset,
                            .scores = args.scores != nullptr ? args.scores + offset : nullptr,
                            .stride = args.weights_stride * block.head_group.heads,
                            .log_sum_exp = log_sum_exp,
                            .mask = call_.mask.kind,
                            .window = call_.mask.window});
  }

  /// Whether KV splits become tasks: if there are several workers and several splits, and the
  /// scratch memory holds their results.
  bool PlanKvSplits() {
    if (context_.parallel->workers() == 1) return false;
    const Mask::Range first = call_.mask.KeyRange(0, call_.positions);
    const Mask::Range last = call_.mask.KeyRange(call_.tokens - 1, call_.positions);
    if (first.begin >= last.end) return false;
    first_split_ = first.begin / kKvSplit;
    splits_ = (last.end - 1) / kKvSplit + 1 - first_split_;
    const platform::CheckedSize needed = platform::CheckedSize(call_.heads) * call_.tokens *
                                         splits_ * kernels::PartialFloats(call_.value_dim);
    return splits_ > 1 && needed.ok() && needed.value() <= layout_.partials.value();
  }

  void RunKvSplits() {
    const std::size_t max_tasks = kTasksPerWorker * context_.parallel->workers();
    const std::size_t splits_per_task =
        std::max<std::size_t>(1, splits_ * head_groups_ / max_tasks);
    const std::size_t groups = (splits_ + splits_per_task - 1) / splits_per_task;
    context_.parallel->Run(head_groups_ * groups, [&](std::size_t task, std::size_t worker) {
      const std::size_t head_group = task / groups;
      const Block block{HeadGroupAt(head_group), 0, call_.tokens};
      if (block.head_group.heads == 0) return;
      const KeyRanges ranges = RangesOf(block);
      const std::size_t begin = task % groups * splits_per_task;
      const std::size_t end = std::min(splits_, begin + splits_per_task);
      for (std::size_t split = begin; split < end; ++split) {
        RunKvSplit(block, ranges, split, worker);
      }
      // The task that finishes last merges: it can read the results of all.
      std::atomic_ref<std::uint32_t> finished(counters_[head_group]);
      if (finished.fetch_add(1, std::memory_order_acq_rel) + 1 == groups) MergeKvSplits(block);
    });
  }

  /// Results of the block's row over the first split; those of the other splits follow.
  float* PartialOf(const Block& block, std::size_t row) const {
    return At(layout_.partials_at()) + (block.head_group.head * call_.tokens + row) * splits_ *
                                           kernels::PartialFloats(call_.value_dim);
  }

  void RunKvSplit(const Block& block, const KeyRanges& all, std::size_t split, std::size_t worker) {
    const std::size_t begin = (first_split_ + split) * kKvSplit;
    KeyRanges ranges;
    for (std::size_t r = 0; r < block.rows(); ++r) {
      ranges.begin[r] = std::clamp(all.begin[r], begin, begin + kKvSplit);
      ranges.end[r] = std::clamp(all.end[r], begin, begin + kKvSplit);
    }
    AttendTileArgs args = ArgsOf(block, ranges, worker);
    const std::size_t stride = kernels::PartialFloats(call_.value_dim);
    args.partial = PartialOf(block, 0) + split * stride;
    args.partial_stride = splits_ * stride;
    context_.kernels->attend_tile(args);
  }

  void MergeKvSplits(const Block& block) const {
    for (std::size_t r = 0; r < block.rows(); ++r) {
      const std::size_t head = block.head_group.head + r % block.head_group.heads;
      float* out =
          call_.out + r / block.head_group.heads * call_.out_stride + head * call_.value_dim;
      const float log_sum_exp = context_.kernels->attend_merge(
          PartialOf(block, r), splits_, kernels::PartialFloats(call_.value_dim), call_.value_dim,
          out);
      CheckDenominator(log_sum_exp, call_.mask.KeyRange(block.first + r / block.head_group.heads,
                                                        call_.positions));
      if (trace_) KeepLogSumExp(block, r, log_sum_exp);
    }
  }

  const Context& context_;
  const Call& call_;
  const HeadSplit split_;
  const std::size_t head_groups_;
  const AttentionSelection* selection_ = nullptr;
  bool rows_ = false;   ///< This layer's rows are wanted (of the selected heads).
  bool trace_ = false;  ///< This layer's trace is wanted.
  bool values_ = false;
  ScratchLayout layout_;
  /// Per head group: tokens delivered to the observer, or tasks finished.
  std::uint32_t* counters_ = nullptr;
  std::size_t first_split_ = 0;
  std::size_t splits_ = 0;
  std::atomic<std::size_t> next_ticket_ = 0;
  std::mutex mutex_;  ///< Guards counters_ while rows are delivered.
  std::condition_variable delivered_;
};

}  // namespace

void Run(const Context& context, const Call& call) {
  if (call.tokens == 0 || call.heads == 0) return;
  CallRunner(context, call).Run();
}

}  // namespace fovea::attention
