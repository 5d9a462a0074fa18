// The values that an observer gets are those that the cache holds, before the rows that used them.
#include <gtest/gtest.h>

#include <vector>

#include "platform/thread_pool.h"
#include "tests/attention/attention_problem.h"

namespace fovea::attention {
namespace {

class ValueCollector : public AttentionObserver {
 public:
  explicit ValueCollector(AttentionSelection selection) : selection_(std::move(selection)) {}
  const AttentionSelection& selection() const override { return selection_; }
  void OnRows(const AttentionRows& rows) override {
    EXPECT_GE(values.size(), rows.query_begin + rows.query_count) << "values come before rows";
    ++rows_delivered;
  }
  void OnValues(const AttentionValues& delivered) override {
    EXPECT_EQ(rows_delivered, rows_before) << "values come before the prefill batch's rows";
    layers.push_back(delivered.layer);
    EXPECT_EQ(delivered.begin, values.size());
    const std::size_t width = delivered.kv_heads * delivered.value_dim;
    for (std::size_t t = 0; t < delivered.count; ++t) {
      values.emplace_back(delivered.value + t * width, delivered.value + (t + 1) * width);
    }
  }

  std::size_t rows_delivered = 0, rows_before = 0;
  std::vector<std::size_t> layers;
  std::vector<std::vector<float>> values;  // [positions][kv_heads * value_dim]

 private:
  AttentionSelection selection_;
};

class ValuesOfType : public ::testing::TestWithParam<DataType> {};

TEST_P(ValuesOfType, AreThoseOfTheCacheInEveryChunkBeforeTheRows) {
  constexpr std::size_t kTokens = 37, kKvHeads = 3, kDim = 24;
  for (const bool float_rows : {false, true}) {
    if (float_rows && GetParam() != DataType::kF32) continue;
    const Problem problem({.tokens = kTokens,
                           .heads = 6,
                           .kv_heads = kKvHeads,
                           .head_dim = 8,
                           .value_dim = kDim,
                           .kv_type = GetParam(),
                           .float_rows = float_rows},
                          5);
    const kernels::KernelTable& kernels = *kernels::KernelsFor(BestIsa());
    const std::vector<float> plain = RunPlain(kernels, problem);
    for (const std::size_t prefill_batch : {37U, 16U, 5U, 1U}) {
      for (const std::size_t threads : {1U, 2U}) {
        const auto pool = platform::ThreadPool::Create(threads);
        ValueCollector collected({.values = true});
        std::vector<float> out(plain.size());
        for (std::size_t begin = 0; begin < kTokens; begin += prefill_batch) {
          collected.rows_before = collected.rows_delivered;
          Call call = problem.MakeCall(begin, std::min(begin + prefill_batch, kTokens), out.data());
          call.observer = &collected;
          RunCall(kernels, *pool, call);
          EXPECT_GT(collected.rows_delivered, collected.rows_before);
        }
        EXPECT_EQ(out, plain);
        ASSERT_EQ(collected.values.size(), kTokens);
        for (std::size_t t = 0; t < kTokens; ++t) {
          for (std::size_t kv_head = 0; kv_head < kKvHeads; ++kv_head) {
            for (std::size_t i = 0; i < kDim; ++i) {
              ASSERT_EQ(collected.values[t][kv_head * kDim + i],
                        problem.value[(kv_head * kTokens + t) * kDim + i])
                  << "token " << t << " kv head " << kv_head << " element " << i;
            }
          }
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, ValuesOfType,
                         ::testing::Values(DataType::kF32, DataType::kF16, DataType::kBF16,
                                           DataType::kQ8_0),
                         [](const auto& parameter) {
                           return std::string(DataTypeName(parameter.param));
                         });

TEST(Values, OfTheOtherSequenceComeOnceWithTheFirstCall) {
  for (const DataType type : {DataType::kF32, DataType::kF16, DataType::kQ8_0}) {
    const Problem problem({.tokens = 5,
                           .heads = 4,
                           .kv_heads = 2,
                           .mask = Mask::Kind::kNone,
                           .other_keys = 23,
                           .kv_type = type},
                          5);
    ValueCollector collected({.streams = {AttentionStream::kCross}, .rows = false, .values = true});
    std::vector<float> out(5 * 4 * 8);
    platform::SerialParallel serial;
    for (std::size_t begin = 0; begin < 5; begin += 2) {
      Call call = problem.MakeCall(begin, std::min<std::size_t>(begin + 2, 5), out.data());
      call.observer = &collected;
      call.stream = AttentionStream::kCross;
      call.new_keys = Mask::Range{0, begin == 0 ? std::size_t{23} : 0};
      RunCall(*kernels::KernelsFor(BestIsa()), serial, call);
    }
    EXPECT_EQ(collected.layers.size(), 1U) << "calls without new values deliver none";
    ASSERT_EQ(collected.values.size(), 23U);
    for (std::size_t k = 0; k < 23; ++k) {
      for (std::size_t i = 0; i < 16; ++i) {
        ASSERT_EQ(collected.values[k][i], problem.value[(i / 8 * 23 + k) * 8 + i % 8]);
      }
    }
  }
}

TEST(Values, ComeForSelectedLayersOnlyAndWithoutRowsIfNoneAreWanted) {
  const Problem problem({.tokens = 4, .heads = 2, .kv_heads = 1}, 6);
  ValueCollector collected({.layers = {3}, .rows = false, .values = true});
  std::vector<float> out(4 * 2 * 8);
  platform::SerialParallel serial;
  for (const std::size_t layer : {2U, 3U, 4U}) {
    Call call = problem.MakeCall(0, 4, out.data());
    call.observer = &collected;
    call.layer = layer;
    RunCall(*kernels::KernelsFor(BestIsa()), serial, call);
  }
  EXPECT_EQ(collected.layers, std::vector<std::size_t>{3});
  EXPECT_EQ(collected.rows_delivered, 0U);
}

}  // namespace
}  // namespace fovea::attention
