#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "engine/attention/tiled_attention.h"
#include "platform/thread_pool.h"
#include "tests/attention/attention_problem.h"
#include "tests/attention/row_collector.h"

namespace fovea::attention {
namespace {

constexpr double kUnit = std::numeric_limits<float>::epsilon() / 2.0;

TEST(ObservedAttention, TracesOfSpreadSplitsHaveTheSameLogSumExp) {
  class Taker : public AttentionObserver {
   public:
    const AttentionSelection& selection() const override { return selection_; }
    void OnRows(const AttentionRows&) override {}
    void OnTrace(const AttentionTrace& trace) override {
      lse.assign(trace.log_sum_exp, trace.log_sum_exp + trace.heads * trace.query_count);
    }
    std::vector<float> lse;

   private:
    AttentionSelection selection_{.rows = false, .trace = true};
  };
  const Problem problem(
      {.tokens = 3, .heads = 4, .kv_heads = 2, .head_dim = 16, .value_dim = 8, .first_query = 700},
      12);
  const Answer answer = problem.Solve();
  for (std::size_t workers = 1; workers <= 2; ++workers) {
    const auto pool = platform::ThreadPool::Create(workers);
    Taker taker;
    std::vector<float> out(3 * 4 * 8);
    Call call = problem.MakeCall(0, 3, out.data());
    call.observer = &taker;
    RunCall(*Tables().back(), *pool, call);
    ASSERT_EQ(taker.lse.size(), 12U);
    for (std::size_t i = 0; i < 12; ++i) {
      EXPECT_NEAR(taker.lse[i], answer.lse[i], answer.lse_bound[i]);
    }
  }
}

TEST(ObservedAttention, DeliversOnlySelectedHeadsOfSelectedLayers) {
  const Problem problem({.tokens = 40, .heads = 6, .kv_heads = 2, .head_dim = 8, .value_dim = 8},
                        7);
  const auto pool = platform::ThreadPool::Create(3);
  const std::vector<float> plain = RunPlain(*Tables().back(), problem);
  for (const std::size_t layer : {2U, 3U}) {
    Collector collected(problem, {.layers = {3}, .heads = {1, 4}});
    std::vector<float> out(plain.size());
    Call call = problem.MakeCall(0, 40, out.data());
    call.observer = &collected;
    call.layer = layer;
    RunCall(*Tables().back(), *pool, call);
    EXPECT_EQ(out, plain);
    for (std::size_t head = 0; head < 6; ++head) {
      const bool wanted = layer == 3 && (head == 1 || head == 4);
      EXPECT_EQ(collected.lse[head * 40 + 39] != -1.0F, wanted)
          << "layer " << layer << " head " << head;
    }
  }
}

TEST(ObservedAttention, DeliversOnlySelectedStreams) {
  const Problem problem({.tokens = 20, .heads = 2, .kv_heads = 1}, 7);
  for (const auto stream : {AttentionStream::kSelf, AttentionStream::kEncoder}) {
    Collector collected(problem, {.streams = {AttentionStream::kEncoder, AttentionStream::kCross}});
    std::vector<float> out(20 * 2 * 8);
    platform::SerialParallel serial;
    Call call = problem.MakeCall(0, 20, out.data());
    call.observer = &collected;
    call.stream = stream;
    RunCall(*Tables().back(), serial, call);
    EXPECT_EQ(out, RunPlain(*Tables().back(), problem));
    EXPECT_EQ(collected.lse[19] != -1.0F, stream == AttentionStream::kEncoder);
  }
}

/// Rebuilds every weight from traces and compares with the rows.
class TraceChecker : public AttentionObserver {
 public:
  TraceChecker(const Problem& problem, bool with_rows)
      : problem_(problem),
        selection_{.rows = with_rows, .trace = true},
        weights(problem.shape().heads * problem.shape().tokens * problem.positions()) {}
  const AttentionSelection& selection() const override { return selection_; }
  void OnRows(const AttentionRows&) override { ++rows; }
  void OnTrace(const AttentionTrace& trace) override {
    ++traces;
    const ProblemShape& shape = problem_.shape();
    ASSERT_EQ(trace.query_begin, next_query_);
    next_query_ += trace.query_count;
    ASSERT_EQ(trace.key_begin * (trace.key_count > 0 ? 1 : 0),
              trace.key_count > 0 ? keys.size() / (shape.kv_heads * shape.head_dim) : 0);
    keys.insert(keys.end(), trace.key,
                trace.key + trace.key_count * trace.kv_heads * trace.head_dim);
    const Mask mask{trace.mask, trace.window, trace.query_begin, {}};
    for (std::size_t t = 0; t < trace.query_count; ++t) {
      for (std::size_t head = 0; head < trace.heads; ++head) {
        const std::size_t kv_head = head / (trace.heads / trace.kv_heads);
        const Mask::Range range = mask.KeyRange(t, keys.size() / (trace.kv_heads * trace.head_dim));
        const std::size_t token = trace.query_begin - shape.first_query + t;
        for (std::size_t k = range.begin; k < range.end; ++k) {
          double score = 0.0;
          for (std::size_t i = 0; i < trace.head_dim; ++i) {
            score +=
                static_cast<double>(trace.query[(t * trace.heads + head) * trace.head_dim + i]) *
                static_cast<double>(keys[(k * trace.kv_heads + kv_head) * trace.head_dim + i]);
          }
          score *= static_cast<double>(trace.scale);
          const double cap = static_cast<double>(trace.softcap);
          if (cap > 0.0) score = cap * std::tanh(score / cap);
          if (!trace.bias.table.empty()) {
            score += static_cast<double>(trace.bias.At(head, trace.query_begin + t, k));
          }
          weights.at((head * shape.tokens + token) * problem_.positions() + k) = std::exp(
              score - static_cast<double>(trace.log_sum_exp[head * trace.query_count + t]));
        }
      }
    }
  }

 private:
  const Problem& problem_;
  AttentionSelection selection_;
  std::size_t next_query_ = problem_.shape().first_query;

 public:
  std::size_t rows = 0, traces = 0;
  std::vector<float> keys;
  std::vector<double> weights;
};

TEST(ObservedAttention, TracesRebuildTheWeights) {
  for (const ProblemShape& shape :
       {ProblemShape{.tokens = 75, .heads = 6, .kv_heads = 2, .head_dim = 24, .value_dim = 8},
        ProblemShape{.tokens = 75,
        .heads = 6,
        .kv_heads = 2,
        .head_dim = 24,
        .value_dim = 8,
        .mask = Mask::Kind::kSlidingWindow,
        .window = 20,
        .kv_type = DataType::kF16,
        .softcap = 10.0F},
        ProblemShape{.tokens = 75,
        .heads = 6,
        .kv_heads = 3,
        .head_dim = 24,
        .mask = Mask::Kind::kSymmetricWindow,
        .window = 20,
        .softcap = 10.0F,
        .biased = true},
        ProblemShape{.tokens = 75,
        .heads = 6,
        .kv_heads = 6,
        .head_dim = 24,
        .first_query = 9,
        .mask = Mask::Kind::kNone,
        .other_keys = 130,
        .kv_type = DataType::kF16,
        .biased = true}}) {
    const Problem problem(shape, 8);
    const Answer answer = problem.Solve();
    for (const kernels::KernelTable* table : Tables()) {
      for (const bool rows : {true, false}) {
        for (const std::size_t prefill_batch : {75U, 20U, 1U}) {
          const auto pool = platform::ThreadPool::Create(2);
          TraceChecker trace(problem, rows);
          std::vector<float> out(75 * 6 * 8);
          for (std::size_t begin = 0; begin < 75; begin += prefill_batch) {
            Call call = problem.MakeCall(begin, std::min<std::size_t>(begin + prefill_batch, 75),
                                         out.data());
            call.observer = &trace;
            // Keys that are all there before the first query come with the first call.
            if (shape.mask == Mask::Kind::kNone || shape.mask == Mask::Kind::kSymmetricWindow) {
              call.new_keys = Mask::Range{0, begin == 0 ? problem.positions() : 0};
            }
            RunCall(*table, *pool, call);
          }
          EXPECT_EQ(trace.traces, (75 + prefill_batch - 1) / prefill_batch);
          EXPECT_EQ(trace.rows > 0, rows);
          for (std::size_t i = 0; i < answer.weights.size(); ++i) {
            const std::size_t row = i / problem.positions();
            ASSERT_NEAR(trace.weights[i], answer.weights[i],
                        answer.weights[i] * (std::expm1(answer.lse_bound[row]) + kUnit) + 1e-37);
          }
        }
      }
    }
  }
}

TEST(ObservedAttention, TracePacksQueriesThatTheCallerKeepsApart) {
  const Problem problem({.tokens = 5, .heads = 2, .head_dim = 4, .value_dim = 4}, 9);
  std::vector<float> spaced(5 * 11, 77.0F);
  for (std::size_t t = 0; t < 5; ++t) std::copy_n(&problem.query[t * 8], 8, &spaced[t * 11]);
  class Taker : public AttentionObserver {
   public:
    const AttentionSelection& selection() const override { return selection_; }
    void OnRows(const AttentionRows&) override {}
    void OnTrace(const AttentionTrace& trace) override {
      query.assign(trace.query, trace.query + trace.query_count * trace.heads * trace.head_dim);
    }
    std::vector<float> query;

   private:
    AttentionSelection selection_{.rows = false, .trace = true};
  } taker;
  std::vector<float> out(5 * 8);
  Call call = problem.MakeCall(0, 5, out.data());
  call.query = spaced.data();
  call.query_stride = 11;
  call.observer = &taker;
  platform::SerialParallel serial;
  RunCall(*Tables().front(), serial, call);
  EXPECT_EQ(taker.query, problem.query);
  EXPECT_EQ(out, RunPlain(*Tables().front(), problem));
}

}  // namespace
}  // namespace fovea::attention
