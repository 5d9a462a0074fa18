#include "tools/attention-dump/diff/map_comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "fovea/status_macros.h"
#include "tools/attention-dump/observers/observer_group.h"

namespace fovea::dump {
namespace {

constexpr std::size_t kMaxBatch = 256;

/// Numbers the selected heads of all selected layers from 0.
class Slots {
 public:
  Slots(const std::vector<std::size_t>& layers, const std::vector<std::size_t>& heads)
      : layers_(layers), heads_(heads) {}
  std::size_t count() const { return layers_.size() * heads_.size(); }
  std::size_t Of(std::size_t layer, std::size_t head) const {
    return Index(layers_, layer) * heads_.size() + Index(heads_, head);
  }

 private:
  static std::size_t Index(const std::vector<std::size_t>& sorted, std::size_t number) {
    const auto found = std::lower_bound(sorted.begin(), sorted.end(), number);
    return static_cast<std::size_t>(found - sorted.begin());
  }
  const std::vector<std::size_t>& layers_;
  const std::vector<std::size_t>& heads_;
};

/// Rows of one batch of A: [slot, row, key], every row `keys` long.
class RowKeeper : public AttentionObserver {
 public:
  RowKeeper(const AttentionSelection& selection, const Slots& slots)
      : selection_(selection), slots_(slots) {}

  void Begin(std::size_t first, std::size_t count, std::size_t keys) {
    first_ = first;
    count_ = count;
    keys_ = keys;
    rows_.assign(slots_.count() * count * keys, 0.0F);
  }
  const float* Row(std::size_t slot, std::size_t query) const {
    return rows_.data() + (slot * count_ + (query - first_)) * keys_;
  }

  const AttentionSelection& selection() const override { return selection_; }
  bool concurrent() const override { return true; }
  void OnRows(const AttentionRows& rows) override {
    const std::size_t slot = slots_.Of(rows.layer, rows.head);
    for (std::size_t r = 0; r < rows.query_count; ++r) {
      const float* from = rows.weights + r * rows.stride;
      float* to = rows_.data() + (slot * count_ + (rows.query_begin + r - first_)) * keys_;
      std::copy(from, from + std::min(rows.key_count, keys_), to);
    }
  }

 private:
  const AttentionSelection& selection_;
  const Slots& slots_;
  std::size_t first_ = 0, count_ = 0, keys_ = 0;
  std::vector<float> rows_;
};

/// Compares the rows of B with those that the keeper has of A.
class RowComparer : public AttentionObserver {
 public:
  RowComparer(const AttentionSelection& selection, const Slots& slots, const RowKeeper& kept)
      : selection_(selection), slots_(slots), kept_(kept), heads_(slots.count()) {}

  const AttentionSelection& selection() const override { return selection_; }
  bool concurrent() const override { return true; }
  void OnRows(const AttentionRows& rows) override {
    const std::size_t slot = slots_.Of(rows.layer, rows.head);
    HeadDifference& sums = heads_[slot];
    sums.layer = rows.layer;
    sums.head = rows.head;
    sums.kv_head = rows.kv_head;
    for (std::size_t r = 0; r < rows.query_count; ++r) {
      const std::size_t query = rows.query_begin + r;
      const std::size_t keys = std::min(rows.key_count, query + 1);
      const float* a = kept_.Row(slot, query);
      const float* b = rows.weights + r * rows.stride;
      const double divergence = JensenShannon(a, b, keys);
      sums.js_mean += divergence;
      if (divergence > sums.js_worst) {
        sums.js_worst = divergence;
        sums.worst_position = query;
      }
      if (SameLargest(a, b, keys)) sums.top1 += 1.0;
    }
  }

  std::vector<HeadDifference> Heads(std::size_t tokens) const {
    std::vector<HeadDifference> heads = heads_;
    for (HeadDifference& head : heads) {
      head.js_mean /= static_cast<double>(tokens);
      head.top1 /= static_cast<double>(tokens);
    }
    return heads;
  }

 private:
  const AttentionSelection& selection_;
  const Slots& slots_;
  const RowKeeper& kept_;
  std::vector<HeadDifference> heads_;  // sums until Heads divides them
};

/// The next-token distributions of both sides.
class LogitComparer {
 public:
  LogitComparer(std::span<const std::int32_t> a, std::span<const std::int32_t> b,
                std::size_t vocabulary, Kernels kernels)
      : a_(a), b_(b), vocabulary_(vocabulary), kernels_(kernels) {}

  void Begin(std::size_t first, std::size_t count) {
    first_ = first;
    kept_.resize(count * vocabulary_);
  }
  void TakeA(std::size_t position, std::span<const float> logits) {
    std::copy(logits.begin(), logits.end(), Kept(position));
    AddLoss(a_, position, logits, &sums_.loss_a);
  }
  void TakeB(std::size_t position, std::span<const float> logits) {
    AddLoss(b_, position, logits, &sums_.loss_b);
    const std::span<const float> other(Kept(position), logits.size());
    const double divergence = KullbackLeibler(other, logits, kernels_);
    sums_.kl_mean += divergence;
    if (divergence > sums_.kl_worst) {
      sums_.kl_worst = divergence;
      sums_.kl_worst_position = position;
    }
    if (SameLargest(other.data(), logits.data(), logits.size())) sums_.top1 += 1.0;
  }
  Comparison Finish() const {
    Comparison means = sums_;
    means.tokens = a_.size();
    const auto tokens = static_cast<double>(a_.size());
    means.kl_mean /= tokens;
    means.top1 /= tokens;
    const double predicted = tokens - 1.0;
    const double none = std::numeric_limits<double>::quiet_NaN();
    means.loss_a = predicted > 0.0 ? means.loss_a / predicted : none;
    means.loss_b = predicted > 0.0 ? means.loss_b / predicted : none;
    return means;
  }

 private:
  float* Kept(std::size_t position) { return kept_.data() + (position - first_) * vocabulary_; }
  void AddLoss(std::span<const std::int32_t> tokens, std::size_t position,
               std::span<const float> logits, double* sum) const {
    if (position + 1 == tokens.size()) return;
    *sum += NegativeLogLikelihood(logits, tokens[position + 1], kernels_);
  }

  std::span<const std::int32_t> a_, b_;
  std::size_t vocabulary_;
  Kernels kernels_;
  std::size_t first_ = 0;
  std::vector<float> kept_;  // [row of the batch, vocabulary]
  Comparison sums_;
};

/// How many of the tokens from `first` on fit max_bytes together.
std::size_t BatchSize(const ComparisonOptions& options, std::size_t slots, std::size_t first,
                      std::size_t tokens) {
  std::size_t batch = std::min(kMaxBatch, tokens - first);
  const auto bytes = [&] {
    return batch * sizeof(float) * (slots * (first + batch) + options.vocabulary);
  };
  while (batch > 1 && bytes() > options.max_bytes) batch /= 2;
  return batch;
}

}  // namespace

const HeadDifference* Comparison::Worst() const {
  const auto worst = std::max_element(
      heads.begin(), heads.end(),
      [](const HeadDifference& a, const HeadDifference& b) { return a.js_mean < b.js_mean; });
  return worst == heads.end() ? nullptr : &*worst;
}

Result<Comparison> CompareMaps(const ComparisonSide& a, const ComparisonSide& b,
                               const ComparisonOptions& options) {
  const AttentionSelection selection = {.layers = options.layers, .heads = options.heads};
  const Slots slots(options.layers, options.heads);
  RowKeeper keeper(selection, slots);
  RowComparer comparer(selection, slots, keeper);
  LogitComparer logits(a.tokens, b.tokens, options.vocabulary, a.session->kernels());
  const std::size_t tokens = a.tokens.size();
  std::size_t first = 0;
  const auto run = [&](const ComparisonSide& side, std::size_t count, double done_before,
                       AttentionObserver* observer, auto take) -> Status {
    ObserverGroup observers;
    observers.Add(observer);
    if (side.observer != nullptr) observers.Add(side.observer);
    RunOptions run_options;
    run_options.observer = &observers;
    run_options.cancelled = options.cancelled;
    run_options.on_logits = [&](std::size_t position, std::span<const float> row) {
      take(position, row);
      if (side.on_logits) side.on_logits(position, row);
    };
    run_options.on_progress = [&](double done) {
      const double batch = (done_before + done / 2.0) * static_cast<double>(count);
      if (options.on_progress) {
        options.on_progress((static_cast<double>(first) + batch) / static_cast<double>(tokens));
      }
    };
    return side.session->Prefill(side.tokens.subspan(first, count), run_options).status();
  };
  while (first < tokens) {
    const std::size_t count = BatchSize(options, slots.count(), first, tokens);
    keeper.Begin(first, count, first + count);
    logits.Begin(first, count);
    Status status =
        run(a, count, 0.0, &keeper,
            [&](std::size_t position, std::span<const float> row) { logits.TakeA(position, row); });
    if (status.ok()) {
      status = run(b, count, 0.5, &comparer, [&](std::size_t position, std::span<const float> row) {
        logits.TakeB(position, row);
      });
    }
    FOVEA_RETURN_IF_ERROR(status);
    first += count;
  }
  Comparison comparison = logits.Finish();
  comparison.heads = comparer.Heads(tokens);
  return comparison;
}

}  // namespace fovea::dump
