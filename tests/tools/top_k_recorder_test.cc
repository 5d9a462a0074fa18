#include "tools/attention-dump/observers/top_k_recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "fovea/half.h"
#include "tests/tools/fake_session.h"
#include "tests/tools/readers.h"
#include "tests/tools/temporary_folder.h"
#include "tools/attention-dump/observers/largest.h"
#include "tools/attention-dump/output/arrays/npz_file.h"

namespace fovea::dump {
namespace {

using testing::ElementsAre;

std::vector<std::int32_t> KeysOf(const std::vector<WeightedKey>& kept) {
  std::vector<std::int32_t> keys;
  for (const WeightedKey& entry : kept) keys.push_back(entry.key);
  return keys;
}

TEST(KeepLargest, TheLargestComeFirstAndTheRestIsSummed) {
  const float row[] = {0.125F, 0.5F, 0.0625F, 0.25F, 0.0625F};
  std::vector<WeightedKey> kept;
  EXPECT_EQ(KeepLargest(row, 0, 5, 2, &kept), 0.25);
  EXPECT_THAT(KeysOf(kept), ElementsAre(1, 3));
  EXPECT_EQ(kept[0].weight, 0.5F);
  EXPECT_EQ(KeepLargest(row, 0, 5, 4, &kept), 0.0625);
  EXPECT_THAT(KeysOf(kept), ElementsAre(1, 3, 0, 2));  // of two equal ones the first
}

TEST(KeepLargest, OnlyTheVisibleRangeCounts) {
  const float row[] = {9.0F, 0.25F, 0.75F, 9.0F};
  std::vector<WeightedKey> kept;
  EXPECT_EQ(KeepLargest(row, 1, 3, 1, &kept), 0.25);
  EXPECT_THAT(KeysOf(kept), ElementsAre(2));
}

TEST(KeepLargest, ARowThatFitsLeavesNothingAndAnEmptyOneIsEmpty) {
  const float row[] = {0.3F, 0.6F, 0.1F};
  std::vector<WeightedKey> kept;
  EXPECT_EQ(KeepLargest(row, 0, 3, 3, &kept), 0.0);
  EXPECT_THAT(KeysOf(kept), ElementsAre(1, 0, 2));
  EXPECT_EQ(KeepLargest(row, 0, 3, 100, &kept), 0.0);
  EXPECT_EQ(kept.size(), 3U);
  EXPECT_EQ(KeepLargest(row, 2, 2, 3, &kept), 0.0);
  EXPECT_TRUE(kept.empty());
}

TEST(KeepLargest, ZerosThatTheMaskDoesNotHideMayBeKept) {
  const float row[] = {0.0F, 0.0F, 1.0F, 0.0F};
  std::vector<WeightedKey> kept;
  EXPECT_EQ(KeepLargest(row, 0, 4, 2, &kept), 0.0);
  EXPECT_THAT(KeysOf(kept), ElementsAre(2, 0));
}

DumpShape ShapeOf(std::size_t k, bool half) {
  DumpShape shape;
  shape.tokens = kTokens;
  shape.layers = {0, 2};
  shape.heads = {1, 3};
  shape.model_heads = kHeads;
  shape.kv_heads = kKvHeads;
  shape.head_dim = kDim;
  shape.half = half;
  shape.maps = false;
  shape.top_k = k;
  return shape;
}

/// The k-th largest entry of a row, by sorting the whole of it.
std::vector<std::pair<float, std::int32_t>> Sorted(const FakeSession& session, std::size_t layer,
                                                   std::size_t head, std::size_t q) {
  std::vector<std::pair<float, std::int32_t>> row;
  for (std::size_t k = 0; k <= q; ++k) {
    row.emplace_back(-session.Weight(layer, head, q, k), static_cast<std::int32_t>(k));
  }
  std::sort(row.begin(), row.end());
  return row;
}

void ExpectTopK(const FakeSession& session, const DumpShape& shape, std::size_t tokens,
                const std::vector<std::int32_t>& keys, const std::vector<float>& weights,
                const std::vector<float>& residuals) {
  ASSERT_EQ(keys.size(), 4 * tokens * shape.top_k);
  ASSERT_EQ(weights.size(), keys.size());
  ASSERT_EQ(residuals.size(), 4 * tokens);
  std::size_t row = 0;
  for (const std::size_t layer : shape.layers) {
    for (const std::size_t head : shape.heads) {
      for (std::size_t q = 0; q < tokens; ++q, ++row) {
        const auto sorted = Sorted(session, layer, head, q);
        double rest = 0.0;
        for (std::size_t i = shape.top_k; i < sorted.size(); ++i) {
          rest -= static_cast<double>(sorted[i].first);
        }
        EXPECT_NEAR(static_cast<double>(residuals[row]), rest, 1e-6);
        for (std::size_t i = 0; i < shape.top_k; ++i) {
          const std::size_t at = row * shape.top_k + i;
          if (i >= sorted.size()) {
            EXPECT_EQ(keys[at], -1);
            EXPECT_EQ(weights[at], 0.0F);
            continue;
          }
          const float weight = -sorted[i].first;
          EXPECT_EQ(keys[at], sorted[i].second);
          EXPECT_EQ(weights[at], shape.half ? HalfToFloat(FloatToHalf(weight)) : weight);
        }
      }
    }
  }
}

platform::AtomicFile Open(const std::string& path) {
  platform::AtomicFile file;
  std::string error;
  EXPECT_TRUE(platform::AtomicFile::Create(path, &file, &error)) << error;
  return file;
}

TEST(TopKRecorder, FilesHoldTheLargestWeightsOfEveryRowAlsoWhenARunStopsEarly) {
  const FakeSession session;
  TemporaryFolder folder;
  for (const bool half : {true, false}) {
    for (const std::size_t tokens : {kTokens, kTokens - 9}) {
      const DumpShape shape = ShapeOf(5, half);
      auto npz = MakeNpz(Open(folder.Path("a.npz")), AllSpecs(shape));
      ASSERT_TRUE(npz.ok());
      ArrayWriter writer({npz->get()});
      TopKRecorder recorder(shape, &writer, nullptr);
      session.Deliver(&recorder, 21, tokens);
      std::vector<Shape> shapes;
      for (const ArraySpec& spec : (*npz)->arrays()) {
        shapes.push_back(FinalShape(spec, shape, tokens, 0));
      }
      ASSERT_TRUE((*npz)->Finish(shapes, "{}").ok());
      const auto arrays = ReadNpz(ReadWhole(folder.Path("a.npz")));
      EXPECT_EQ(arrays.count("attention"), 0U);
      ExpectTopK(session, shape, tokens, arrays.at("topk_index").Integers(),
                 arrays.at("topk_weight").Floats(), arrays.at("residual").Floats());
    }
  }
}

TEST(TopKRecorder, HeadsMayArriveFromSeveralThreadsAtOnce) {
  const FakeSession session;
  const DumpShape shape = ShapeOf(3, false);
  ArrayWriter writer({});
  TopKMaps maps;
  TopKRecorder recorder(shape, &writer, &maps);
  ASSERT_TRUE(recorder.concurrent());
  std::vector<std::thread> threads;
  for (std::size_t head = 0; head < kHeads; ++head) {
    threads.emplace_back([&, head] {
      for (std::size_t layer = 0; layer < kLayers; ++layer) {
        session.DeliverRows(&recorder, layer, head, 0, kTokens, 4);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ExpectTopK(session, shape, kTokens, maps.keys, maps.weights, maps.residuals);
  const float worst = *std::max_element(maps.residuals.begin(), maps.residuals.end());
  EXPECT_EQ(static_cast<float>(recorder.worst_residual()), worst);
  double sum = 0.0;
  for (const float residual : maps.residuals) sum += static_cast<double>(residual);
  EXPECT_NEAR(recorder.mean_residual(), sum / static_cast<double>(maps.residuals.size()), 1e-7);
}

TEST(TopKRecorder, KeysOutsideASlidingWindowAreNeverKept) {
  DumpShape shape = ShapeOf(3, false);
  shape.tokens = 3;
  shape.layers = shape.heads = {0};
  ArrayWriter writer({});
  TopKMaps maps;
  TopKRecorder recorder(shape, &writer, &maps);
  const float weights[] = {1, 0, 0, 0.5F, 0.5F, 0, 0, 0.75F, 0.25F};
  AttentionRows rows;
  rows.query_count = rows.key_count = rows.stride = 3;
  rows.weights = weights;
  rows.mask = Mask::Kind::kSlidingWindow;
  rows.window = 2;
  recorder.OnRows(rows);
  EXPECT_THAT(maps.keys, ElementsAre(0, -1, -1, 0, 1, -1, 1, 2, -1));
  EXPECT_EQ(recorder.worst_residual(), 0.0);
}

}  // namespace
}  // namespace fovea::dump
