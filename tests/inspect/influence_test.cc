// Rollout and flow through maps made by hand, whose answers are known, and against products and
// cuts that are computed another way.
#include "fovea/influence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fovea/fovea.hpp>
#include <functional>
#include <string>
#include <vector>

#include "engine/inspect/layered_flow.h"

namespace fovea {
namespace {

using Cell =
    std::function<float(std::size_t layer, std::size_t head, std::size_t q, std::size_t k)>;

/// Gives the observer causal maps in blocks of 3 rows, heads in turn from the last.
MeanAttentionObserver Observe(std::size_t layers, std::size_t heads, std::size_t tokens,
                              const Cell& cell, std::size_t capacity = 0) {
  ModelInfo info;
  info.layers = layers;
  info.heads = heads;
  auto maps = MeanAttentionObserver::Create(info, capacity == 0 ? tokens : capacity);
  EXPECT_TRUE(maps) << maps.error().message();
  for (std::size_t layer = 0; layer < layers; ++layer) {
    for (std::size_t begin = 0; begin < tokens; begin += 3) {
      for (std::size_t head = heads; head-- > 0;) {
        const std::size_t count = std::min<std::size_t>(3, tokens - begin);
        const std::size_t keys = begin + count;
        std::vector<float> weights(count * (keys + 2), -7.0F);
        for (std::size_t r = 0; r < count; ++r) {
          for (std::size_t k = 0; k < keys; ++k) {
            weights[r * (keys + 2) + k] = k <= begin + r ? cell(layer, head, begin + r, k) : 0.0F;
          }
        }
        maps->OnRows({.layer = layer,
                      .head = head,
                      .query_begin = begin,
                      .query_count = count,
                      .key_count = keys,
                      .weights = weights.data(),
                      .stride = keys + 2});
      }
    }
  }
  EXPECT_EQ(maps->tokens(), std::min(tokens, capacity == 0 ? tokens : capacity));
  return std::move(*maps);
}

float Previous(std::size_t, std::size_t, std::size_t q, std::size_t k) {
  return k + 1 == q || (q == 0 && k == 0) ? 1.0F : 0.0F;
}
float Self(std::size_t, std::size_t, std::size_t q, std::size_t k) {
  return k == q ? 1.0F : 0.0F;
}
/// Rows that sum to 1 without a pattern.
float Some(std::size_t layer, std::size_t head, std::size_t q, std::size_t k) {
  const auto raw = [&](std::size_t key) {
    return static_cast<float>((layer * 31 + head * 17 + q * 7 + key * 13) % 11 + 1);
  };
  float sum = 0.0F;
  for (std::size_t key = 0; key <= q; ++key) sum += raw(key);
  return raw(k) / sum;
}

std::vector<std::vector<double>> MeanMap(const Cell& cell, std::size_t layer, std::size_t heads,
                                         std::size_t tokens) {
  std::vector<std::vector<double>> map(tokens, std::vector<double>(tokens));
  for (std::size_t q = 0; q < tokens; ++q) {
    for (std::size_t k = 0; k <= q; ++k) {
      for (std::size_t head = 0; head < heads; ++head) {
        map[q][k] += static_cast<double>(cell(layer, head, q, k)) / static_cast<double>(heads);
      }
    }
  }
  return map;
}

TEST(MeanAttention, IsTheMeanOverHeadsInWhateverBlocksRowsCome) {
  const MeanAttentionObserver maps = Observe(2, 5, 11, Some);
  for (std::size_t layer = 0; layer < 2; ++layer) {
    const auto want = MeanMap(Some, layer, 5, 11);
    for (std::size_t q = 0; q < 11; ++q) {
      std::vector<float> row(q + 1);
      maps.ReadRow(layer, q, row.data());
      for (std::size_t k = 0; k <= q; ++k) ASSERT_NEAR(row[k], want[q][k], 1e-7);
    }
  }
}

TEST(MeanAttention, KeepsOnlyAsManyTokensAsItHasRoomFor) {
  const MeanAttentionObserver maps = Observe(1, 2, 9, Previous, 5);
  EXPECT_EQ(maps.tokens(), 5U);
  auto rollout = Rollout(maps);
  ASSERT_TRUE(rollout);
  EXPECT_EQ(rollout->tokens, 5U);
  EXPECT_FLOAT_EQ(rollout->At(4, 3), 0.5F);
}

TEST(MeanAttention, RefusesMoreMemoryThanAllowed) {
  ModelInfo info;
  info.layers = 3;
  info.heads = 2;
  EXPECT_TRUE(MeanAttentionObserver::Create(info, 10, 3 * 55 * 4));
  auto refused = MeanAttentionObserver::Create(info, 10, 3 * 55 * 4 - 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), StatusCode::kLimitExceeded);
  EXPECT_EQ(refused.error().message(),
            "the mean maps of 3 layers over 10 tokens need 660 bytes of memory, the limit is 659");
  EXPECT_EQ(MeanAttentionObserver::Create(info, SIZE_MAX / 2).error().code(),
            StatusCode::kLimitExceeded);
  EXPECT_EQ(MeanAttentionObserver::Create(info, 0).error().code(), StatusCode::kInvalidArgument);
}

TEST(MeanAttention, OfARunDoesNotDependOnThreadsAndEqualsTheRecordedMaps) {
  auto model = Model::Load(FOVEA_SOURCE_DIR "/tests/golden/data/llama.gguf");
  ASSERT_TRUE(model) << model.error().message();
  const ModelInfo& info = model->info();
  std::vector<std::int32_t> ids(40);
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int32_t>(i * 37 % 100 + 3);
  std::vector<float> first;
  for (const std::size_t threads : {1U, 2U, 3U}) {
    auto maps = MeanAttentionObserver::Create(info, ids.size());
    auto session = Session::Create(*model, {.prefill_batch = 16, .threads = threads});
    ASSERT_TRUE(maps && session);
    // A prompt and then token by token.
    ASSERT_TRUE(session->Prefill(std::span(ids).first(37), {.observer = &*maps}));
    EXPECT_EQ(maps->tokens(), 37U);
    for (const std::size_t i : {37U, 38U, 39U}) {
      ASSERT_TRUE(session->Decode(ids[i], {.observer = &*maps}));
    }
    auto rollout = Rollout(*maps);
    ASSERT_TRUE(rollout);
    if (first.empty()) first = rollout->weights;
    EXPECT_EQ(rollout->weights, first);

    AttentionRecorder recorder;
    auto again = Session::Create(*model);
    ASSERT_TRUE(again->Prefill(ids, {.observer = &recorder}));
    std::vector<float> row(ids.size());
    for (std::size_t layer = 0; layer < info.layers; ++layer) {
      maps->ReadRow(layer, 39, row.data());
      for (std::size_t k = 0; k < ids.size(); ++k) {
        double mean = 0.0;
        for (std::size_t head = 0; head < info.heads; ++head) {
          mean += static_cast<double>(recorder.Map(layer, head).At(39, k));
        }
        ASSERT_NEAR(row[k], mean / static_cast<double>(info.heads), 1e-7);
      }
    }
  }
}

TEST(Rollout, OfOneLayerIsHalfItsMapAndHalfTheIdentity) {
  // Token 1 gives 3/4 to token 0: R = [1, 0; 3/8, 5/8].
  const MeanAttentionObserver maps =
      Observe(1, 3, 2, [](std::size_t, std::size_t, std::size_t q, std::size_t k) {
        if (q == 0) return 1.0F;
        return k == 0 ? 0.75F : 0.25F;
      });
  auto rollout = Rollout(maps);
  ASSERT_TRUE(rollout);
  EXPECT_FLOAT_EQ(rollout->At(0, 0), 1.0F);
  EXPECT_FLOAT_EQ(rollout->At(0, 1), 0.0F);
  EXPECT_FLOAT_EQ(rollout->At(1, 0), 0.375F);
  EXPECT_FLOAT_EQ(rollout->At(1, 1), 0.625F);
}

TEST(Rollout, OfPreviousTokenHeadsIsBinomial) {
  // Each layer stays or steps back with one half each: C(4, k) / 16 after four layers.
  const MeanAttentionObserver maps = Observe(4, 2, 9, Previous);
  auto rollout = Rollout(maps);
  ASSERT_TRUE(rollout);
  const float want[] = {1.0F / 16, 4.0F / 16, 6.0F / 16, 4.0F / 16, 1.0F / 16, 0.0F};
  for (std::size_t q = 5; q < 9; ++q) {
    for (std::size_t k = 0; k <= 5; ++k) EXPECT_FLOAT_EQ(rollout->At(q, q - k), want[k]);
  }
  // After layers 0 and 1: 1/4, 1/2, 1/4.
  auto two = Rollout(maps, {.layer = 1});
  ASSERT_TRUE(two);
  EXPECT_FLOAT_EQ(two->At(8, 8), 0.25F);
  EXPECT_FLOAT_EQ(two->At(8, 7), 0.5F);
  EXPECT_FLOAT_EQ(two->At(8, 6), 0.25F);
}

TEST(Rollout, OfHeadsThatLookAtThemselvesIsTheIdentity) {
  auto rollout = Rollout(Observe(3, 2, 6, Self));
  ASSERT_TRUE(rollout);
  for (std::size_t q = 0; q < 6; ++q) {
    for (std::size_t k = 0; k < 6; ++k) EXPECT_EQ(rollout->At(q, k), q == k ? 1.0F : 0.0F);
  }
}

TEST(Rollout, IsTheProductOfTheMatricesLastLayerFirst) {
  constexpr std::size_t kTokens = 10, kLayers = 3;
  const MeanAttentionObserver maps = Observe(kLayers, 4, kTokens, Some);
  std::vector<std::vector<double>> want(kTokens, std::vector<double>(kTokens));
  for (std::size_t i = 0; i < kTokens; ++i) want[i][i] = 1.0;
  for (std::size_t layer = 0; layer < kLayers; ++layer) {
    auto step = MeanMap(Some, layer, 4, kTokens);
    std::vector<std::vector<double>> product(kTokens, std::vector<double>(kTokens));
    for (std::size_t i = 0; i < kTokens; ++i) {
      step[i][i] += 1.0;
      for (std::size_t j = 0; j < kTokens; ++j) {
        for (std::size_t k = 0; k < kTokens; ++k) product[i][k] += step[i][j] / 2 * want[j][k];
      }
    }
    want = product;
  }
  auto rollout = Rollout(maps);
  ASSERT_TRUE(rollout);
  for (std::size_t q = 0; q < kTokens; ++q) {
    double sum = 0.0;
    for (std::size_t k = 0; k < kTokens; ++k) {
      ASSERT_NEAR(rollout->At(q, k), want[q][k], 1e-6) << q << " " << k;
      sum += static_cast<double>(rollout->At(q, k));
    }
    EXPECT_NEAR(sum, 1.0, 1e-6);
  }
}

TEST(Flow, ThroughOneLayerIsItsCapacity) {
  const MeanAttentionObserver maps =
      Observe(1, 1, 3, [](std::size_t, std::size_t, std::size_t q, std::size_t k) {
        return q < 2 ? (k == q ? 1.0F : 0.0F) : (k == 0 ? 0.5F : 0.25F);
      });
  auto flow = Flow(maps, 2);
  ASSERT_TRUE(flow);
  ASSERT_EQ(flow->size(), 3U);
  EXPECT_FLOAT_EQ((*flow)[0], 0.25F);
  EXPECT_FLOAT_EQ((*flow)[1], 0.125F);
  EXPECT_FLOAT_EQ((*flow)[2], 0.625F);
}

TEST(Flow, ThroughPreviousTokenHeadsTakesTwoWaysWhereThereAreTwo) {
  // Every edge carries one half. Four steps back, or none, can be made in one way only; others in
  // two ways that share no edge.
  const MeanAttentionObserver maps = Observe(4, 2, 9, Previous);
  auto flow = Flow(maps, 7);
  ASSERT_TRUE(flow);
  const std::vector<float> want = {0, 0, 0, 0.5F, 1, 1, 1, 0.5F, 0};
  ASSERT_EQ(flow->size(), want.size());
  for (std::size_t k = 0; k < want.size(); ++k) EXPECT_NEAR((*flow)[k], want[k], 1e-6) << k;
}

TEST(Flow, IsTheSmallestCutOverAllCuts) {
  constexpr std::size_t kTokens = 4, kLayers = 3, kQuery = 3;
  const MeanAttentionObserver maps = Observe(kLayers, 2, kTokens, Some);
  auto flow = Flow(maps, kQuery);
  ASSERT_TRUE(flow);
  std::vector<std::vector<std::vector<double>>> capacity;
  for (std::size_t layer = 0; layer < kLayers; ++layer) {
    capacity.push_back(MeanMap(Some, layer, 2, kTokens));
    for (std::size_t q = 0; q < kTokens; ++q) {
      for (std::size_t k = 0; k <= q; ++k) {
        capacity[layer][q][k] = (capacity[layer][q][k] + (q == k ? 1.0 : 0.0)) / 2;
      }
    }
  }
  constexpr std::size_t kNodes = (kLayers + 1) * kTokens;  // level * kTokens + token
  for (std::size_t target = 0; target <= kQuery; ++target) {
    double least = 1e9;
    for (std::uint32_t side = 0; side < 1U << kNodes; ++side) {
      if ((side >> (kLayers * kTokens + kQuery) & 1U) == 0 || (side >> target & 1U) != 0) continue;
      double cut = 0.0;
      for (std::size_t layer = 0; layer < kLayers && cut < least; ++layer) {
        for (std::size_t q = 0; q < kTokens; ++q) {
          if ((side >> ((layer + 1) * kTokens + q) & 1U) == 0) continue;
          for (std::size_t k = 0; k <= q; ++k) {
            if ((side >> (layer * kTokens + k) & 1U) == 0) cut += capacity[layer][q][k];
          }
        }
      }
      least = std::min(least, cut);
    }
    EXPECT_NEAR((*flow)[target], least, 1e-6) << target;
  }
}

TEST(LayeredFlow, TakesBackWhatItSentTheWrongWay) {
  // Three layers, from token 2 to token 0. The first way found, 2 → 2 → 1 → 0, blocks token 1's way
  // to 0; a second unit fits only if that way goes by 0 instead of 1.
  inspect::LayeredFlow graph(3, 3);
  graph.Capacities(2, 2)[2] = 1;
  graph.Capacities(2, 2)[1] = 1;
  graph.Capacities(1, 2)[1] = 1;
  graph.Capacities(1, 2)[0] = 1;
  graph.Capacities(1, 1)[1] = 1;
  graph.Capacities(0, 1)[0] = 1;
  graph.Capacities(0, 0)[0] = 1;
  EXPECT_DOUBLE_EQ(graph.MaximumFlow(0), 2.0);
  EXPECT_DOUBLE_EQ(graph.MaximumFlow(1), 0.0);
  EXPECT_DOUBLE_EQ(graph.MaximumFlow(0), 2.0);  // Nothing is left of earlier flows.
}

TEST(Influence, RefusesLayersAndTokensThatDoNotExist) {
  const MeanAttentionObserver maps = Observe(2, 1, 4, Self);
  EXPECT_EQ(Rollout(maps, {.layer = 2}).error().message(),
            "layer 2 does not exist; the model has layers 0 to 1");
  EXPECT_EQ(Flow(maps, 1, {.layer = 5}).error().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Flow(maps, 4).error().message(), "token 4 does not exist; there are 4 tokens");
  ModelInfo info;
  info.layers = 1;
  info.heads = 1;
  auto empty = MeanAttentionObserver::Create(info, 4);
  ASSERT_TRUE(empty);
  EXPECT_EQ(Rollout(*empty).error().message(), "no attention has been observed yet");
}

TEST(Influence, ReportsProgressAndStopsWhenAskedTo) {
  const MeanAttentionObserver maps = Observe(3, 1, 5, Previous);
  std::vector<double> progress;
  const auto report = [&](double done) { progress.push_back(done); };
  ASSERT_TRUE(Rollout(maps, {.on_progress = report}));
  EXPECT_EQ(progress.size(), 3U);
  EXPECT_EQ(progress.back(), 1.0);
  progress.clear();
  ASSERT_TRUE(Flow(maps, 3, {.on_progress = report}));
  EXPECT_EQ(progress.size(), 4U);
  EXPECT_EQ(progress.back(), 1.0);
  int asked = 0;
  const auto stop = [&] { return ++asked == 2; };
  EXPECT_EQ(Rollout(maps, {.cancelled = stop}).error().code(), StatusCode::kCancelled);
  asked = 0;
  EXPECT_EQ(Flow(maps, 3, {.cancelled = stop}).error().code(), StatusCode::kCancelled);
  EXPECT_EQ(asked, 2);
}

}  // namespace
}  // namespace fovea
