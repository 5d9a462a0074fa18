#include "tools/attention-dump/observers/streaming_dump.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "fovea/half.h"
#include "tests/tools/fake_session.h"
#include "tests/tools/readers.h"
#include "tests/tools/temporary_folder.h"
#include "tools/attention-dump/observers/bidirectional.h"
#include "tools/attention-dump/observers/row_sum_check.h"
#include "tools/attention-dump/output/arrays/npy_file.h"
#include "tools/attention-dump/output/arrays/npz_file.h"
#include "tools/attention-dump/output/arrays/safetensors_file.h"

namespace fovea::dump {
namespace {

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
  return half ? HalfToFloat(FloatToHalf(value)) : value;
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
      ArrayWriter writer({npz->get(), tensors->get()});
      StreamingDump dump(shape, &writer, nullptr, nullptr);
      session.Deliver(&dump, 21, tokens);
      for (std::size_t t = 0; t < tokens; ++t) dump.OnLogits(t, {session.Logits(t), kVocabulary});
      ASSERT_FALSE(writer.failed());
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
  ArrayWriter writer({npy->get()});
  StreamingDump dump(shape, &writer, nullptr, nullptr);
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
      ASSERT_EQ(map.queries, kTokens);
      for (std::size_t q = 0; q < kTokens; ++q) {
        for (std::size_t k = 0; k < kTokens; ++k, ++at) {
          ASSERT_EQ(streamed[at], HalfToFloat(FloatToHalf(map.At(q, k))));
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
  ArrayWriter writer({npz->get()});
  StreamingDump dump(shape, &writer, &maps, nullptr);
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

TEST(RowSumCheck, TheLargestRowSumErrorIsKept) {
  const FakeSession session;
  RowSumCheck check({});
  EXPECT_TRUE(std::isnan(check.error()));
  session.Deliver(&check, kTokens, kTokens);
  // A row has at most 37 weights, each rounded once to float: at most half an ulp of 1 each.
  EXPECT_LE(check.error(), kTokens * 0x1p-24);
  const float weights[] = {0.5F, 0.25F};
  AttentionRows rows;
  rows.head = 1;
  rows.query_begin = 1;
  rows.query_count = 1;
  rows.key_count = rows.stride = 2;
  rows.weights = weights;
  check.OnRows(rows);
  EXPECT_EQ(check.error(), 0.25);
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
  ArrayWriter writer({npz->get(), small->get()});
  StreamingDump dump(shape, &writer, nullptr, nullptr);
  session.Deliver(&dump, kTokens, kTokens);
  EXPECT_TRUE(writer.failed());
  EXPECT_EQ(writer.failed_file(), 1U);
  EXPECT_FALSE(writer.status().ok());
}

TEST(Bidirectional, MapsAreTheSoftmaxOverAllTokensOfTheSameQueriesAndKeys) {
  const FakeSession session;
  const DumpShape shape = ShapeOf(true);
  MapSet causal;
  std::vector<KeptTrace> traces;
  ArrayWriter writer({});
  StreamingDump dump(shape, &writer, &causal, &traces);
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
  ArrayWriter writer({});
  StreamingDump dump(shape, &writer, &maps, nullptr);
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
