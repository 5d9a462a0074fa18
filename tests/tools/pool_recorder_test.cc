#include "tools/attention-dump/observers/pool_recorder.h"
#include "tools/attention-dump/output/arrays/npz_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "tests/tools/fake_session.h"
#include "tests/tools/readers.h"
#include "tests/tools/temporary_folder.h"

namespace fovea::dump {
namespace {

using testing::ElementsAre;

DumpShape OneHead(std::size_t tokens) {
  DumpShape shape;
  shape.tokens = tokens;
  shape.layers = shape.heads = {0};
  shape.model_heads = shape.kv_heads = 1;
  return shape;
}

AttentionRows SquareRows(const float* weights, std::size_t tokens) {
  AttentionRows rows;
  rows.query_count = rows.key_count = rows.stride = tokens;
  rows.weights = weights;
  return rows;
}

// Powers of two, so that sums and means are exact.
constexpr float kMap[] = {1,     0,     0,     0,     0,  //
                          0.5F,  0.5F,  0,     0,     0,  //
                          0.25F, 0.5F,  0.25F, 0,     0,  //
                          0,     0.25F, 0.25F, 0.5F,  0,  //
                          0.5F,  0.25F, 0,     0.25F, 0.125F};

TEST(PoolRecorder, ABlockIsTheLargestAndTheMeanOfItsVisibleCells) {
  ArrayWriter writer({});
  MapSet largest;
  MapSet mean;
  PoolRecorder pool(OneHead(5), 2, &writer, &largest, &mean);
  pool.OnRows(SquareRows(kMap, 5));
  pool.Finish(5);
  EXPECT_EQ(largest.side(), 3U);
  EXPECT_EQ(largest.block, 2U);
  EXPECT_THAT(largest.weights, ElementsAre(1, 0, 0, 0.5F, 0.5F, 0, 0.5F, 0.25F, 0.125F));
  // (1 + ½ + ½)/3, then (¼ + ½ + 0 + ¼)/4 and (¼ + ¼ + ½)/3, then (½ + ¼)/2, (0 + ¼)/2, ⅛.
  EXPECT_THAT(mean.weights,
              ElementsAre(2.0F / 3.0F, 0, 0, 0.25F, 1.0F / 3.0F, 0, 0.375F, 0.125F, 0.125F));
}

TEST(PoolRecorder, OfASlidingWindowOnlyTheVisibleCellsCount) {
  ArrayWriter writer({});
  MapSet largest;
  MapSet mean;
  PoolRecorder pool(OneHead(4), 2, &writer, &largest, &mean);
  const float weights[] = {1, 0, 0, 0, 0.5F, 0.5F, 0, 0, 0, 0.25F, 0.75F, 0, 0, 0, 0.5F, 0.5F};
  AttentionRows rows = SquareRows(weights, 4);
  rows.mask = Mask::Kind::kSlidingWindow;
  rows.window = 2;
  pool.OnRows(rows);
  pool.Finish(4);
  largest.windows = {2};
  EXPECT_THAT(largest.weights, ElementsAre(1, 0, 0.25F, 0.75F));
  // The lower left block shows one cell: query 2, key 1.
  EXPECT_THAT(mean.weights, ElementsAre(2.0F / 3.0F, 0, 0.25F, 1.75F / 3.0F));
  EXPECT_TRUE(largest.Visible(0, 1, 0));
  largest.windows = {1};
  EXPECT_FALSE(largest.Visible(0, 1, 0));  // query 2 and key 1 are a token apart
  EXPECT_TRUE(largest.Visible(0, 1, 1));
}

TEST(PoolRecorder, ANotANumberIsNotLostAmongTheOthers) {
  ArrayWriter writer({});
  MapSet largest;
  PoolRecorder pool(OneHead(2), 2, &writer, &largest, nullptr);
  const float weights[] = {1, 0, std::nanf(""), 0.5F};
  pool.OnRows(SquareRows(weights, 2));
  pool.Finish(2);
  EXPECT_TRUE(std::isnan(largest.weights[0]));
}

DumpShape ShapeOf(std::size_t pool) {
  DumpShape shape;
  shape.tokens = kTokens;
  shape.layers = {1, 2};
  shape.heads = {0, 3};
  shape.model_heads = kHeads;
  shape.kv_heads = kKvHeads;
  shape.head_dim = kDim;
  shape.maps = false;
  shape.pool = pool;
  return shape;
}

void ExpectPooled(const FakeSession& session, const DumpShape& shape, std::size_t tokens,
                  const std::vector<float>& largest, const std::vector<float>& mean) {
  const std::size_t side = (tokens + shape.pool - 1) / shape.pool;
  ASSERT_EQ(largest.size(), 4 * side * side);
  ASSERT_EQ(mean.size(), largest.size());
  std::size_t at = 0;
  for (const std::size_t layer : shape.layers) {
    for (const std::size_t head : shape.heads) {
      for (std::size_t row = 0; row < side; ++row) {
        for (std::size_t column = 0; column < side; ++column, ++at) {
          float most = 0.0F;
          double sum = 0.0;
          double cells = 0.0;
          for (std::size_t q = row * shape.pool; q < std::min(tokens, (row + 1) * shape.pool);
               ++q) {
            for (std::size_t k = column * shape.pool; k < (column + 1) * shape.pool && k <= q;
                 ++k) {
              most = std::max(most, session.Weight(layer, head, q, k));
              sum += static_cast<double>(session.Weight(layer, head, q, k));
              cells += 1.0;
            }
          }
          EXPECT_EQ(largest[at], most);
          EXPECT_FLOAT_EQ(mean[at], cells == 0.0 ? 0.0F : static_cast<float>(sum / cells));
        }
      }
    }
  }
}

TEST(PoolRecorder, FilesHoldEveryBlockAlsoWhenARunStopsEarly) {
  const FakeSession session;
  TemporaryFolder folder;
  for (const std::size_t block : {2U, 5U, 36U, 100U}) {
    for (const std::size_t tokens : {kTokens, kTokens - 6}) {
      const DumpShape shape = ShapeOf(block);
      platform::AtomicFile file;
      ASSERT_TRUE(platform::AtomicFile::Create(folder.Path("a.npz"), &file, nullptr));
      auto npz = MakeNpz(std::move(file), AllSpecs(shape));
      ASSERT_TRUE(npz.ok());
      ArrayWriter writer({npz->get()});
      MapSet largest;
      PoolRecorder pool(shape, block, &writer, &largest, nullptr);
      session.Deliver(&pool, 21, tokens);
      pool.Finish(tokens);
      std::vector<Shape> shapes;
      for (const ArraySpec& spec : (*npz)->arrays()) {
        shapes.push_back(FinalShape(spec, shape, tokens, 0));
      }
      ASSERT_TRUE((*npz)->Finish(shapes, "{}").ok());
      const auto arrays = ReadNpz(ReadWhole(folder.Path("a.npz")));
      ExpectPooled(session, shape, tokens, arrays.at("pooled_max").Floats(),
                   arrays.at("pooled_mean").Floats());
      EXPECT_EQ(largest.weights, arrays.at("pooled_max").Floats());
      EXPECT_EQ(largest.tokens, tokens);
    }
  }
}

TEST(PoolRecorder, HeadsMayArriveFromSeveralThreadsAtOnce) {
  const FakeSession session;
  const DumpShape shape = ShapeOf(4);
  ArrayWriter writer({});
  MapSet largest;
  MapSet mean;
  PoolRecorder pool(shape, 4, &writer, &largest, &mean);
  ASSERT_TRUE(pool.concurrent());
  std::vector<std::thread> threads;
  for (std::size_t head = 0; head < kHeads; ++head) {
    threads.emplace_back([&, head] {
      for (std::size_t layer = 0; layer < kLayers; ++layer) {
        session.DeliverRows(&pool, layer, head, 0, kTokens, 3);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  pool.Finish(kTokens);
  ExpectPooled(session, shape, kTokens, largest.weights, mean.weights);
}

}  // namespace
}  // namespace fovea::dump
