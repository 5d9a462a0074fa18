#include "tools/attention-dump/streaming_dump.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <thread>

#include "tests/tools/readers.h"
#include "tests/tools/temporary_folder.h"
#include "tools/attention-dump/bidirectional.h"
#include "tools/attention-dump/half.h"

namespace fovea::dump {
namespace {

constexpr std::size_t kTokens = 37;
constexpr std::size_t kLayers = 3;
constexpr std::size_t kHeads = 4;
constexpr std::size_t kKvHeads = 2;
constexpr std::size_t kDim = 6;
constexpr std::size_t kVocabulary = 11;

/// A session in miniature: random queries and keys, exact causal maps, delivered in uneven tiles.
class FakeSession {
 public:
  FakeSession() {
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    for (auto* values : {&query_, &key_}) {
      for (float& value : *values) value = normal(random);
    }
    for (float& value : logits_) value = normal(random);
    for (std::size_t layer = 0; layer < kLayers; ++layer) {
      for (std::size_t head = 0; head < kHeads; ++head) Attend(layer, head);
    }
  }

  float Weight(std::size_t layer, std::size_t head, std::size_t q, std::size_t k) const {
    return weights_[((layer * kHeads + head) * kTokens + q) * kTokens + k];
  }
  float Score(std::size_t layer, std::size_t head, std::size_t q, std::size_t k) const {
    return scores_[((layer * kHeads + head) * kTokens + q) * kTokens + k];
  }
  const float* Query(std::size_t layer, std::size_t token, std::size_t head) const {
    return query_.data() + ((layer * kTokens + token) * kHeads + head) * kDim;
  }
  const float* Key(std::size_t layer, std::size_t token, std::size_t kv_head) const {
    return key_.data() + ((layer * kTokens + token) * kKvHeads + kv_head) * kDim;
  }
  float LogSumExp(std::size_t layer, std::size_t head, std::size_t q) const {
    return log_sum_exp_[(layer * kHeads + head) * kTokens + q];
  }
  const float* Logits(std::size_t token) const { return logits_.data() + token * kVocabulary; }

  /// Delivers rows begin … end - 1 of one head in tiles of `tile` rows.
  void DeliverRows(AttentionObserver* observer, std::size_t layer, std::size_t head,
                   std::size_t begin, std::size_t end, std::size_t tile) const {
    if (!observer->selection().HasLayer(layer) || !observer->selection().HasHead(head)) return;
    for (std::size_t q = begin; q < end; q += tile) {
      const std::size_t count = std::min(tile, end - q);
      const std::size_t at = ((layer * kHeads + head) * kTokens + q) * kTokens;
      AttentionRows rows;
      rows.layer = layer;
      rows.head = head;
      rows.kv_head = head / (kHeads / kKvHeads);
      rows.query_begin = q;
      rows.query_count = count;
      rows.key_count = q + count;
      rows.weights = weights_.data() + at;
      rows.scores = observer->selection().scores ? scores_.data() + at : nullptr;
      rows.stride = kTokens;
      rows.log_sum_exp = log_sum_exp_.data() + (layer * kHeads + head) * kTokens + q;
      observer->OnRows(rows);
    }
  }

  void DeliverTrace(AttentionObserver* observer, std::size_t layer, std::size_t begin,
                    std::size_t end) const {
    if (!observer->selection().HasLayer(layer) || !observer->selection().trace) return;
    std::vector<float> log_sum_exp;
    for (std::size_t head = 0; head < kHeads; ++head) {
      for (std::size_t q = begin; q < end; ++q) log_sum_exp.push_back(LogSumExp(layer, head, q));
    }
    AttentionTrace trace;
    trace.layer = layer;
    trace.query_begin = begin;
    trace.query_count = end - begin;
    trace.heads = kHeads;
    trace.kv_heads = kKvHeads;
    trace.head_dim = kDim;
    trace.query = Query(layer, begin, 0);
    trace.key = Key(layer, begin, 0);
    trace.log_sum_exp = log_sum_exp.data();
    trace.scale = kScale;
    observer->OnTrace(trace);
  }

  /// A prefill of `prompt` tokens in chunks, then single tokens up to `end`.
  void Deliver(AttentionObserver* observer, std::size_t prompt, std::size_t end) const {
    std::size_t begin = 0;
    while (begin < end) {
      const std::size_t chunk_end = begin < prompt ? std::min(begin + 16, prompt) : begin + 1;
      for (std::size_t layer = 0; layer < kLayers; ++layer) {
        for (std::size_t head = kHeads; head-- > 0;) {
          DeliverRows(observer, layer, head, begin, chunk_end, 5);
        }
        DeliverTrace(observer, layer, begin, chunk_end);
      }
      begin = chunk_end;
    }
  }

  static constexpr float kScale = 0.5F;

 private:
  void Attend(std::size_t layer, std::size_t head) {
    for (std::size_t q = 0; q < kTokens; ++q) {
      const std::size_t at = ((layer * kHeads + head) * kTokens + q) * kTokens;
      double sum = 0.0;
      for (std::size_t k = 0; k < kTokens; ++k) {
        float score = 0.0F;
        for (std::size_t i = 0; i < kDim; ++i) {
          score += Query(layer, q, head)[i] * Key(layer, k, head / (kHeads / kKvHeads))[i] * kScale;
        }
        scores_[at + k] = k <= q ? score : -std::numeric_limits<float>::infinity();
        if (k <= q) sum += std::exp(static_cast<double>(score));
      }
      for (std::size_t k = 0; k <= q; ++k) {
        weights_[at + k] = static_cast<float>(std::exp(static_cast<double>(scores_[at + k])) / sum);
      }
      log_sum_exp_[(layer * kHeads + head) * kTokens + q] = static_cast<float>(std::log(sum));
    }
  }

  std::vector<float> query_ = std::vector<float>(kLayers * kTokens * kHeads * kDim);
  std::vector<float> key_ = std::vector<float>(kLayers * kTokens * kKvHeads * kDim);
  std::vector<float> logits_ = std::vector<float>(kTokens * kVocabulary);
  std::vector<float> weights_ = std::vector<float>(kLayers * kHeads * kTokens * kTokens);
  std::vector<float> scores_ = std::vector<float>(kLayers * kHeads * kTokens * kTokens);
  std::vector<float> log_sum_exp_ = std::vector<float>(kLayers * kHeads * kTokens);
};

DumpShape ShapeOf(bool half) {
  DumpShape shape;
  shape.tokens = kTokens;
  shape.layers = {0, 2};
  shape.heads = {1, 2, 3};
  shape.model_heads = kHeads;
  shape.kv_heads = kKvHeads;
  shape.head_dim = kDim;
  shape.vocabulary = kVocabulary;
  shape.half = half;
  shape.scores = shape.logits = shape.trace = true;
  return shape;
}

platform::AtomicFile Open(const std::string& path) {
  platform::AtomicFile file;
  std::string error;
  EXPECT_TRUE(platform::AtomicFile::Create(path, &file, &error)) << error;
  return file;
}

Status Finish(ArrayFile* file, const DumpShape& shape, std::size_t tokens) {
  std::vector<Shape> shapes;
  for (const ArraySpec& spec : file->arrays()) {
    shapes.push_back(FinalShape(spec, shape, tokens, 0));
  }
  return file->Finish(shapes, "{}");
}

float Stored(float value, bool half) {
  return half ? FloatFromHalf(HalfFromFloat(value)) : value;
}

void ExpectEverything(const std::map<std::string, ReadArray>& arrays, const FakeSession& session,
                      const DumpShape& shape, std::size_t tokens) {
  const std::vector<float> attention = arrays.at("attention").Floats();
  const std::vector<float> scores = arrays.at("scores").Floats();
  std::size_t at = 0;
  for (const std::size_t layer : shape.layers) {
    for (const std::size_t head : shape.heads) {
      for (std::size_t q = 0; q < tokens; ++q) {
        for (std::size_t k = 0; k < tokens; ++k, ++at) {
          ASSERT_EQ(attention[at], Stored(session.Weight(layer, head, q, k), shape.half));
          ASSERT_EQ(scores[at], Stored(session.Score(layer, head, q, k), shape.half));
        }
      }
    }
  }
  EXPECT_EQ(at, attention.size());
  for (const std::size_t layer : shape.layers) {
    const std::vector<float> query = arrays.at(QueryName(layer)).Floats();
    const std::vector<float> key = arrays.at(KeyName(layer)).Floats();
    const std::vector<float> lse = arrays.at(LogSumExpName(layer)).Floats();
    ASSERT_EQ(query.size(), shape.heads.size() * tokens * kDim);
    ASSERT_EQ(key.size(), kKvHeads * tokens * kDim);
    ASSERT_EQ(lse.size(), shape.heads.size() * tokens);
    for (std::size_t t = 0; t < tokens; ++t) {
      for (std::size_t h = 0; h < shape.heads.size(); ++h) {
        EXPECT_EQ(lse[h * tokens + t], session.LogSumExp(layer, shape.heads[h], t));
        for (std::size_t i = 0; i < kDim; ++i) {
          EXPECT_EQ(query[(h * tokens + t) * kDim + i], session.Query(layer, t, shape.heads[h])[i]);
        }
      }
      for (std::size_t h = 0; h < kKvHeads; ++h) {
        for (std::size_t i = 0; i < kDim; ++i) {
          EXPECT_EQ(key[(h * tokens + t) * kDim + i], session.Key(layer, t, h)[i]);
        }
      }
    }
  }
  const std::vector<float> logits = arrays.at("logits").Floats();
  ASSERT_EQ(logits.size(), tokens * kVocabulary);
  EXPECT_TRUE(std::equal(logits.begin(), logits.end(), session.Logits(0)));
}

TEST(StreamingDump, EveryArrayHoldsWhatTheSessionDeliveredAlsoWhenItStopsEarly) {
  const FakeSession session;
  TemporaryFolder folder;
  for (const bool half : {true, false}) {
    for (const std::size_t tokens : {kTokens, kTokens - 6}) {
      const DumpShape shape = ShapeOf(half);
      auto npz = MakeNpz(Open(folder.Path("a.npz")), AllSpecs(shape));
      auto tensors = MakeSafetensors(Open(folder.Path("a.safetensors")), AllSpecs(shape), 100);
      ASSERT_TRUE(npz.ok() && tensors.ok());
      StreamingDump dump(shape, {npz->get(), tensors->get()}, nullptr, nullptr);
      session.Deliver(&dump, 21, tokens);
      for (std::size_t t = 0; t < tokens; ++t) dump.OnLogits(t, {session.Logits(t), kVocabulary});
      ASSERT_FALSE(dump.failed());
      ASSERT_TRUE(Finish(npz->get(), shape, tokens).ok());
      ASSERT_TRUE(Finish(tensors->get(), shape, tokens).ok());
      ExpectEverything(ReadNpz(ReadWhole(folder.Path("a.npz"))), session, shape, tokens);
      ExpectEverything(ReadSafetensors(ReadWhole(folder.Path("a.safetensors"))).arrays, session,
                       shape, tokens);
    }
  }
}

TEST(StreamingDump, StreamedMapsEqualRecordedOnesToHalfRounding) {
  const FakeSession session;
  TemporaryFolder folder;
  const DumpShape shape = ShapeOf(true);
  auto npy = MakeNpy(Open(folder.Path("a.npy")), AttentionSpec(shape));
  ASSERT_TRUE(npy.ok());
  StreamingDump dump(shape, {npy->get()}, nullptr, nullptr);
  AttentionRecorder recorder({.layers = shape.layers, .heads = shape.heads});
  session.Deliver(&dump, 21, kTokens);
  session.Deliver(&recorder, 21, kTokens);
  ASSERT_TRUE(Finish(npy->get(), shape, kTokens).ok());
  std::size_t at = 0;
  const std::vector<float> streamed = ReadNpy(ReadWhole(folder.Path("a.npy")), &at).Floats();
  at = 0;
  for (const std::size_t layer : shape.layers) {
    for (const std::size_t head : shape.heads) {
      const AttentionRecorder::View map = recorder.Map(layer, head);
      ASSERT_EQ(map.tokens, kTokens);
      for (std::size_t q = 0; q < kTokens; ++q) {
        for (std::size_t k = 0; k < kTokens; ++k, ++at) {
          ASSERT_EQ(streamed[at], FloatFromHalf(HalfFromFloat(map.At(q, k))));
        }
      }
    }
  }
}

TEST(StreamingDump, HeadsMayArriveFromSeveralThreadsAtOnce) {
  const FakeSession session;
  TemporaryFolder folder;
  const DumpShape shape = ShapeOf(false);
  auto npz = MakeNpz(Open(folder.Path("a.npz")), AllSpecs(shape));
  ASSERT_TRUE(npz.ok());
  MapSet maps;
  StreamingDump dump(shape, {npz->get()}, &maps, nullptr);
  ASSERT_TRUE(dump.concurrent());
  std::vector<std::thread> threads;
  for (std::size_t head = 0; head < kHeads; ++head) {
    threads.emplace_back([&, head] {
      for (std::size_t layer = 0; layer < kLayers; ++layer) {
        session.DeliverRows(&dump, layer, head, 0, kTokens, 3);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(Finish(npz->get(), shape, kTokens).ok());
  const auto arrays = ReadNpz(ReadWhole(folder.Path("a.npz")));
  EXPECT_EQ(arrays.at("attention").Floats(), maps.weights);
  EXPECT_EQ(maps.Map(1, 0)[5 * kTokens + 4], session.Weight(2, 1, 5, 4));
}

TEST(StreamingDump, TheLargestRowSumErrorIsKept) {
  const FakeSession session;
  StreamingDump dump(ShapeOf(true), {}, nullptr, nullptr);
  session.Deliver(&dump, kTokens, kTokens);
  // A row has at most 37 weights, each rounded once to float: at most half an ulp of 1 each.
  EXPECT_LE(dump.row_sum_error(), kTokens * 0x1p-24);
  const float weights[] = {0.5F, 0.25F};
  AttentionRows rows;
  rows.head = 1;
  rows.query_begin = 1;
  rows.query_count = 1;
  rows.key_count = rows.stride = 2;
  rows.weights = weights;
  dump.OnRows(rows);
  EXPECT_EQ(dump.row_sum_error(), 0.25);
}

TEST(StreamingDump, AFailedWriteIsKeptAndStopsFurtherWrites) {
  const FakeSession session;
  TemporaryFolder folder;
  const DumpShape shape = ShapeOf(true);
  DumpShape shorter = shape;
  shorter.tokens = kTokens / 2;  // rows of the second half lie beyond its arrays
  auto npz = MakeNpz(Open(folder.Path("a.npz")), AllSpecs(shape));
  auto small = MakeNpz(Open(folder.Path("b.npz")), AllSpecs(shorter));
  ASSERT_TRUE(npz.ok() && small.ok());
  StreamingDump dump(shape, {npz->get(), small->get()}, nullptr, nullptr);
  session.Deliver(&dump, kTokens, kTokens);
  EXPECT_TRUE(dump.failed());
  EXPECT_EQ(dump.failed_file(), 1U);
  EXPECT_FALSE(dump.status().ok());
}

TEST(Bidirectional, MapsAreTheSoftmaxOverAllTokensOfTheSameQueriesAndKeys) {
  const FakeSession session;
  const DumpShape shape = ShapeOf(true);
  MapSet causal;
  std::vector<KeptTrace> traces;
  StreamingDump dump(shape, {}, &causal, &traces);
  constexpr std::size_t kRun = kTokens - 4;
  session.Deliver(&dump, 21, kRun);
  const Result<MapSet> maps = BidirectionalMaps(shape, traces, kRun);
  ASSERT_TRUE(maps.ok()) << maps.status().message();
  EXPECT_FALSE(maps->causal);
  EXPECT_TRUE(maps->Visible(0, 0, kRun - 1));
  for (std::size_t l = 0; l < shape.layers.size(); ++l) {
    for (std::size_t h = 0; h < shape.heads.size(); ++h) {
      const std::size_t kv_head = shape.heads[h] / (kHeads / kKvHeads);
      for (std::size_t q = 0; q < kRun; ++q) {
        double scores[kRun];
        double sum = 0.0;
        for (std::size_t k = 0; k < kRun; ++k) {
          double score = 0.0;
          for (std::size_t i = 0; i < kDim; ++i) {
            score += static_cast<double>(session.Query(shape.layers[l], q, shape.heads[h])[i]) *
                     static_cast<double>(session.Key(shape.layers[l], k, kv_head)[i]) *
                     static_cast<double>(FakeSession::kScale);
          }
          scores[k] = std::exp(score);
          sum += scores[k];
        }
        for (std::size_t k = 0; k < kRun; ++k) {
          // Scores here stay below 32; a float error of a few ulps of that moves a weight <= 1 by
          // 1e-5.
          EXPECT_NEAR(static_cast<double>(maps->Map(l, h)[q * kRun + k]), scores[k] / sum, 1e-5);
        }
      }
    }
  }
}

TEST(Bidirectional, TrimmingKeepsTheLeadingTriangle) {
  const FakeSession session;
  const DumpShape shape = ShapeOf(true);
  MapSet maps;
  StreamingDump dump(shape, {}, &maps, nullptr);
  session.Deliver(&dump, kTokens, kTokens);
  TrimMaps(kTokens, &maps);
  EXPECT_EQ(maps.tokens, kTokens);
  TrimMaps(9, &maps);
  ASSERT_EQ(maps.tokens, 9U);
  ASSERT_EQ(maps.weights.size(), 2 * 3 * 9 * 9U);
  EXPECT_EQ(maps.Map(1, 2)[8 * 9 + 7], session.Weight(2, 3, 8, 7));
}

}  // namespace
}  // namespace fovea::dump
