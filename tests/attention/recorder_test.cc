#include <gtest/gtest.h>

#include <vector>

#include "engine/attention/tiled_attention.h"
#include "fovea/attention.h"
#include "fovea/isa.h"
#include "tests/attention/attention_problem.h"

namespace fovea {
namespace {

/// Delivers rows [begin, begin + count) of a causal map whose cell is 100 * query + key + head / 8.
void Deliver(AttentionRecorder* recorder, std::size_t layer, std::size_t head, std::size_t begin,
             std::size_t count, AttentionStream stream = AttentionStream::kSelf) {
  const std::size_t keys = begin + count;
  std::vector<float> weights(count * (keys + 3), -5.0F);
  for (std::size_t r = 0; r < count; ++r) {
    for (std::size_t k = 0; k < keys; ++k) {
      weights[r * (keys + 3) + k] =
          k <= begin + r ? static_cast<float>(100 * (begin + r) + k) + static_cast<float>(head) / 8
                         : 0.0F;
    }
  }
  recorder->OnRows({.stream = stream,
                    .layer = layer,
                    .head = head,
                    .query_begin = begin,
                    .query_count = count,
                    .key_count = keys,
                    .weights = weights.data(),
                    .stride = keys + 3});
}

void ExpectMap(const AttentionRecorder& recorder, std::size_t layer, std::size_t head,
               std::size_t tokens) {
  const AttentionRecorder::View map = recorder.Map(layer, head);
  ASSERT_EQ(map.queries, tokens);
  for (std::size_t q = 0; q < tokens; ++q) {
    for (std::size_t k = 0; k < tokens; ++k) {
      const float expected =
          k <= q ? static_cast<float>(100 * q + k) + static_cast<float>(head) / 8 : 0.0F;
      ASSERT_EQ(map.At(q, k), expected) << q << ", " << k;
    }
  }
}

TEST(AttentionRecorder, IsEmptyAtFirst) {
  const AttentionRecorder recorder;
  EXPECT_EQ(recorder.tokens(), 0U);
  EXPECT_EQ(recorder.Map(0, 0).queries, 0U);
  EXPECT_EQ(recorder.Map(0, 0).weights, nullptr);
  EXPECT_TRUE(recorder.status().ok());
}

TEST(AttentionRecorder, PassesItsSelectionOn) {
  const AttentionRecorder recorder({.layers = {3}, .heads = {1, 2}});
  EXPECT_EQ(recorder.selection().layers, std::vector<std::size_t>{3});
  EXPECT_FALSE(recorder.selection().HasHead(0));
}

TEST(AttentionRecorder, KeepsBlocksOfManyHeadsApart) {
  AttentionRecorder recorder;
  for (std::size_t begin : {0U, 16U, 32U}) {
    for (std::size_t layer = 0; layer < 4; ++layer) {
      for (std::size_t head = 0; head < 7; ++head) {
        Deliver(&recorder, layer, head, begin, begin == 32 ? 5 : 16);
      }
    }
  }
  EXPECT_EQ(recorder.tokens(), 37U);
  for (std::size_t layer = 0; layer < 4; ++layer) {
    for (std::size_t head = 0; head < 7; ++head) ExpectMap(recorder, layer, head, 37);
  }
  EXPECT_EQ(recorder.Map(4, 0).queries, 0U);
  EXPECT_EQ(recorder.Map(0, 7).queries, 0U);
}

TEST(AttentionRecorder, StitchesAGenerationIntoOneTriangle) {
  AttentionRecorder recorder;
  Deliver(&recorder, 0, 2, 0, 9);
  for (std::size_t token = 9; token < 80; ++token) Deliver(&recorder, 0, 2, token, 1);
  EXPECT_EQ(recorder.tokens(), 80U);
  ExpectMap(recorder, 0, 2, 80);
}

TEST(AttentionRecorder, ReplacesRowsAfterATruncation) {
  AttentionRecorder recorder;
  Deliver(&recorder, 0, 0, 0, 30);
  Deliver(&recorder, 0, 0, 10, 3);
  EXPECT_EQ(recorder.tokens(), 13U);
  ExpectMap(recorder, 0, 0, 13);
  Deliver(&recorder, 0, 0, 13, 1);
  ExpectMap(recorder, 0, 0, 14);
}

TEST(AttentionRecorder, ForgetsEverythingOnClear) {
  AttentionRecorder recorder;
  Deliver(&recorder, 0, 0, 0, 30);
  recorder.Clear();
  EXPECT_EQ(recorder.tokens(), 0U);
  EXPECT_EQ(recorder.Map(0, 0).queries, 0U);
  Deliver(&recorder, 0, 0, 0, 4);
  ExpectMap(recorder, 0, 0, 4);
}

TEST(AttentionRecorder, LeavesRowsThatNeverCameAtZero) {
  AttentionRecorder recorder;
  Deliver(&recorder, 0, 0, 5, 2);
  const AttentionRecorder::View map = recorder.Map(0, 0);
  ASSERT_EQ(map.queries, 7U);
  EXPECT_EQ(map.At(3, 1), 0.0F);
  EXPECT_EQ(map.At(5, 1), 501.0F);
}

TEST(AttentionRecorder, KeepsStreamsApart) {
  AttentionRecorder recorder;
  Deliver(&recorder, 0, 0, 0, 5, AttentionStream::kEncoder);
  Deliver(&recorder, 0, 0, 0, 3, AttentionStream::kSelf);
  EXPECT_EQ(recorder.tokens(), 3U);
  EXPECT_EQ(recorder.tokens(AttentionStream::kEncoder), 5U);
  EXPECT_EQ(recorder.tokens(AttentionStream::kCross), 0U);
  EXPECT_EQ(recorder.Map(0, 0).queries, 3U);
  EXPECT_EQ(recorder.Map(0, 0, AttentionStream::kEncoder).queries, 5U);
  EXPECT_EQ(recorder.Map(0, 0, AttentionStream::kCross).queries, 0U);
}

/// Rows [begin, begin + count) over `keys` keys whose cell is 100 * query + key.
void DeliverRectangle(AttentionRecorder* recorder, AttentionStream stream, std::size_t begin,
                      std::size_t count, std::size_t keys) {
  std::vector<float> weights(count * keys);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] = static_cast<float>(100 * (begin + i / keys) + i % keys);
  }
  recorder->OnRows({.stream = stream,
                    .query_begin = begin,
                    .query_count = count,
                    .key_count = keys,
                    .weights = weights.data(),
                    .stride = keys,
                    .mask = Mask::Kind::kNone});
}

void ExpectRectangle(const AttentionRecorder& recorder, AttentionStream stream, std::size_t queries,
                     std::size_t keys) {
  const AttentionRecorder::View map = recorder.Map(0, 0, stream);
  ASSERT_EQ(map.queries, queries);
  ASSERT_EQ(map.keys, keys);
  for (std::size_t q = 0; q < queries; ++q) {
    for (std::size_t k = 0; k < keys; ++k) {
      ASSERT_EQ(map.At(q, k), static_cast<float>(100 * q + k)) << q << ", " << k;
    }
  }
}

TEST(AttentionRecorder, StitchesAGenerationInCrossAttentionIntoARectangle) {
  for (const std::size_t keys : {1U, 7U, 60U}) {
    AttentionRecorder recorder;
    DeliverRectangle(&recorder, AttentionStream::kCross, 0, 2, keys);
    for (std::size_t token = 2; token < 40; ++token) {
      DeliverRectangle(&recorder, AttentionStream::kCross, token, 1, keys);
    }
    ExpectRectangle(recorder, AttentionStream::kCross, 40, keys);
    // The next text's source is shorter, or longer.
    for (const std::size_t next : {keys / 2 + 1, 2 * keys}) {
      DeliverRectangle(&recorder, AttentionStream::kCross, 0, 3, next);
      ExpectRectangle(recorder, AttentionStream::kCross, 3, next);
    }
  }
}

TEST(AttentionRecorder, KeepsWholeSquaresOfAnEncoder) {
  AttentionRecorder recorder;
  for (const std::size_t begin : {0U, 16U, 32U}) {
    DeliverRectangle(&recorder, AttentionStream::kEncoder, begin, begin == 32 ? 5 : 16, 37);
  }
  ExpectRectangle(recorder, AttentionStream::kEncoder, 37, 37);
}

TEST(AttentionRecorder, ReportsMapsTooLargeForMemory) {
  AttentionRecorder recorder;
  const float weight = 1.0F;
  recorder.OnRows({.query_begin = std::size_t{1} << (sizeof(std::size_t) == 8 ? 40 : 30),
                   .query_count = 1,
                   .key_count = 1,
                   .weights = &weight,
                   .stride = 1});
  EXPECT_EQ(recorder.status().code(), StatusCode::kOutOfMemory);
  EXPECT_EQ(recorder.Map(0, 0).queries, 0U);
  recorder.Clear();
  EXPECT_TRUE(recorder.status().ok());
}

TEST(AttentionRecorder, RecordsWhatTiledAttentionComputed) {
  const attention::Problem problem(
      {.tokens = 50, .heads = 4, .kv_heads = 2, .head_dim = 16, .value_dim = 16}, 3);
  const attention::Answer answer = problem.Solve();
  const kernels::KernelTable& table = *kernels::KernelsFor(BestIsa());
  AttentionRecorder recorder({.heads = {0, 3}});
  platform::SerialParallel serial;
  std::vector<float> out(50 * 4 * 16);
  for (const auto& [begin, end] :
       std::vector<std::pair<std::size_t, std::size_t>>{{0, 30}, {30, 48}, {48, 49}, {49, 50}}) {
    attention::Call call = problem.MakeCall(begin, end, out.data());
    call.observer = &recorder;
    call.layer = 6;
    attention::RunCall(table, serial, call);
  }
  EXPECT_EQ(recorder.Map(6, 1).queries, 0U);
  EXPECT_EQ(recorder.Map(5, 0).queries, 0U);
  for (const std::size_t head : {0U, 3U}) {
    const AttentionRecorder::View map = recorder.Map(6, head);
    ASSERT_EQ(map.queries, 50U);
    for (std::size_t q = 0; q < 50; ++q) {
      for (std::size_t k = 0; k < 50; ++k) {
        const double expected = answer.weights[(head * 50 + q) * 50 + k];
        ASSERT_NEAR(map.At(q, k), expected, expected * answer.weight_bound[head * 50 + q]);
      }
    }
  }
}

}  // namespace
}  // namespace fovea
