// Maps made by hand whose statistics are known in closed form.
#include "fovea/analysis.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "tests/format/memory_meter.h"

namespace fovea {
namespace {

using Cell = std::function<float(std::size_t query, std::size_t key)>;

/// Delivers a causal map of `tokens` tokens in blocks of `block` rows.
void Deliver(HeadStatisticsObserver* observer, std::size_t layer, std::size_t head,
             std::size_t tokens, std::size_t block, const Cell& cell) {
  for (std::size_t begin = 0; begin < tokens; begin += block) {
    const std::size_t count = std::min(block, tokens - begin);
    const std::size_t keys = begin + count;
    std::vector<float> weights(count * (keys + 5), -9.0F);
    for (std::size_t r = 0; r < count; ++r) {
      for (std::size_t k = 0; k < keys; ++k) {
        weights[r * (keys + 5) + k] = k <= begin + r ? cell(begin + r, k) : 0.0F;
      }
    }
    observer->OnRows({.layer = layer,
                      .head = head,
                      .kv_head = head / 2,
                      .query_begin = begin,
                      .query_count = count,
                      .key_count = keys,
                      .weights = weights.data(),
                      .stride = keys + 5});
  }
}

HeadStatistics StatisticsOf(std::size_t tokens, std::size_t block, const Cell& cell,
                            std::size_t period = 0, std::size_t repeat_begin = 0) {
  HeadStatisticsObserver observer({}, period, repeat_begin);
  Deliver(&observer, 0, 0, tokens, block, cell);
  EXPECT_EQ(observer.Heads().size(), 1U);
  return observer.Heads().at(0);
}

float Previous(std::size_t q, std::size_t k) {
  return k + 1 == q || q == 0 ? 1.0F : 0.0F;
}
float Current(std::size_t q, std::size_t k) {
  return k == q ? 1.0F : 0.0F;
}
float First(std::size_t, std::size_t k) {
  return k == 0 ? 1.0F : 0.0F;
}
float Even(std::size_t q, std::size_t) {
  return 1.0F / static_cast<float>(q + 1);
}

// Sums of at most 64 floats near 1 differ from the exact ones by at most 64 ulp.
constexpr double kClose = 64 * 6e-8;

TEST(HeadStatistics, OfAPreviousTokenHead) {
  const HeadStatistics head = StatisticsOf(10, 4, Previous);
  EXPECT_EQ(head.rows, 10U);
  EXPECT_DOUBLE_EQ(head.previous_token, 1.0);
  EXPECT_DOUBLE_EQ(head.first_token, 1.0 / 9);  // Row 1 only.
  EXPECT_DOUBLE_EQ(head.self, 0.1);             // Row 0 only.
  EXPECT_DOUBLE_EQ(head.mean_distance, 0.9);
  EXPECT_DOUBLE_EQ(head.entropy, 0.0);
  EXPECT_DOUBLE_EQ(head.confidence, 1.0);
  EXPECT_DOUBLE_EQ(head.row_sum_error, 0.0);
  EXPECT_EQ(HeadType(head), "previous token");
}

TEST(HeadStatistics, OfASink) {
  const HeadStatistics head = StatisticsOf(9, 16, First);
  EXPECT_DOUBLE_EQ(head.first_token, 1.0);
  EXPECT_DOUBLE_EQ(head.previous_token, 1.0 / 8);
  EXPECT_DOUBLE_EQ(head.mean_distance, 4.0);  // Mean of 0 … 8.
  EXPECT_EQ(HeadType(head), "first token (sink)");
}

TEST(HeadStatistics, OfACurrentTokenHead) {
  const HeadStatistics head = StatisticsOf(9, 1, Current);
  EXPECT_DOUBLE_EQ(head.self, 1.0);
  EXPECT_DOUBLE_EQ(head.previous_token, 0.0);
  EXPECT_DOUBLE_EQ(head.mean_distance, 0.0);
  EXPECT_EQ(HeadType(head), "current token");
}

TEST(HeadStatistics, OfAnEvenHead) {
  const HeadStatistics head = StatisticsOf(32, 8, Even);
  double entropy = 0.0, confidence = 0.0, first = 0.0, distance = 0.0;
  for (int q = 0; q < 32; ++q) {
    entropy += std::log(q + 1.0) / 32;
    confidence += 1.0 / (q + 1.0) / 32;
    distance += q / 2.0 / 32;
    if (q >= 1) first += 1.0 / (q + 1.0) / 31;
  }
  EXPECT_NEAR(head.entropy, entropy, kClose);
  EXPECT_NEAR(head.even_entropy, entropy, kClose);
  EXPECT_NEAR(head.confidence, confidence, kClose);
  EXPECT_NEAR(head.first_token, first, kClose);
  EXPECT_NEAR(head.previous_token, first, kClose);
  EXPECT_NEAR(head.mean_distance, distance, 32 * kClose);
  EXPECT_DOUBLE_EQ(head.even_distance, distance);
  EXPECT_LE(head.row_sum_error, kClose);
  EXPECT_EQ(HeadType(head), "broad");
}

TEST(HeadStatistics, OfALocalHead) {
  // A fifth of the weight on each of the last five tokens, or as many as there are.
  const HeadStatistics head = StatisticsOf(64, 16, [](std::size_t q, std::size_t k) {
    const std::size_t attended = std::min<std::size_t>(q + 1, 5);
    return q - k < attended ? 1.0F / static_cast<float>(attended) : 0.0F;
  });
  EXPECT_EQ(HeadType(head), "local");
}

TEST(HeadStatistics, OfAHeadWithoutAPattern) {
  // A third each on the first token, itself and the middle.
  const HeadStatistics head = StatisticsOf(64, 16, [](std::size_t q, std::size_t k) {
    float weight = 0.0F;
    if (k == 0) weight += 0.25F;
    if (k == q) weight += 0.375F;
    if (k == q / 2) weight += 0.375F;
    return weight;
  });
  EXPECT_EQ(HeadType(head), "mixed");
}

TEST(HeadStatistics, SeeDuplicatesOfARepeatedBlock) {
  // One token, then a block of 4 twice, then 3 that belong to neither.
  const auto duplicate = [](std::size_t q, std::size_t k) {
    return k == (q >= 4 ? q - 4 : 0) ? 1.0F : 0.0F;
  };
  const HeadStatistics head = StatisticsOf(12, 5, duplicate, 4, 1);
  EXPECT_DOUBLE_EQ(head.duplicate_token, 1.0);
  EXPECT_DOUBLE_EQ(head.induction, 0.0);
  EXPECT_EQ(HeadType(head), "duplicate token");
}

TEST(HeadStatistics, SeeInductionOnTheSecondBlockOnly) {
  const auto induction = [](std::size_t q, std::size_t k) {
    return k == (q >= 5 && q < 8 ? q - 3 : 0) ? 1.0F : 0.0F;
  };
  // Rows 5, 6 and 7 of the second block 5 … 8 attend to q - (4 - 1).
  const HeadStatistics head = StatisticsOf(12, 3, induction, 4, 1);
  EXPECT_DOUBLE_EQ(head.induction, 0.75);
  EXPECT_EQ(HeadType(head), "induction");
  EXPECT_DOUBLE_EQ(StatisticsOf(12, 3, induction).induction, 0.0);
}

TEST(HeadStatistics, DoNotDependOnHowRowsAreDelivered) {
  const Cell cell = [](std::size_t q, std::size_t k) {
    return static_cast<float>((q * 7 + k * 13) % 5 + 1) / static_cast<float>(3 * (q + 1));
  };
  const HeadStatistics whole = StatisticsOf(40, 40, cell, 10, 1);
  for (const std::size_t block : {1U, 7U, 16U}) {
    const HeadStatistics head = StatisticsOf(40, block, cell, 10, 1);
    EXPECT_EQ(head.rows, whole.rows);
    EXPECT_DOUBLE_EQ(head.entropy, whole.entropy);
    EXPECT_DOUBLE_EQ(head.mean_distance, whole.mean_distance);
    EXPECT_DOUBLE_EQ(head.confidence, whole.confidence);
    EXPECT_DOUBLE_EQ(head.previous_token, whole.previous_token);
    EXPECT_DOUBLE_EQ(head.first_token, whole.first_token);
    EXPECT_DOUBLE_EQ(head.self, whole.self);
    EXPECT_DOUBLE_EQ(head.duplicate_token, whole.duplicate_token);
    EXPECT_DOUBLE_EQ(head.induction, whole.induction);
    EXPECT_DOUBLE_EQ(head.row_sum_error, whole.row_sum_error);
    EXPECT_DOUBLE_EQ(head.even_distance, whole.even_distance);
  }
}

TEST(HeadStatistics, AreOrderedByLayerThenHead) {
  HeadStatisticsObserver observer;
  for (const auto& [layer, head] :
       std::vector<std::pair<std::size_t, std::size_t>>{{1, 3}, {0, 2}, {1, 0}, {0, 5}, {1, 3}}) {
    Deliver(&observer, layer, head, 3, 3, Current);
  }
  const std::vector<HeadStatistics> heads = observer.Heads();
  ASSERT_EQ(heads.size(), 4U);
  EXPECT_EQ(heads[0].layer, 0U);
  EXPECT_EQ(heads[0].head, 2U);
  EXPECT_EQ(heads[0].kv_head, 1U);
  EXPECT_EQ(heads[1].head, 5U);
  EXPECT_EQ(heads[2].layer, 1U);
  EXPECT_EQ(heads[2].head, 0U);
  EXPECT_EQ(heads[3].head, 3U);
  EXPECT_EQ(heads[3].rows, 6U);
}

TEST(HeadStatistics, ReportTheLargestRowSumErrorOfRowsThatSeeAKey) {
  const HeadStatistics head = StatisticsOf(4, 4, [](std::size_t q, std::size_t k) {
    if (q == 2) return 0.0F;  // Attends to nothing: no error.
    return k == q ? (q == 1 ? 1.25F : 0.5F) : 0.0F;
  });
  EXPECT_DOUBLE_EQ(head.row_sum_error, 0.5);
  const HeadStatistics broken = StatisticsOf(4, 4, [](std::size_t q, std::size_t k) {
    if (q == 1) return std::numeric_limits<float>::quiet_NaN();
    return k == q ? 1.0F : 0.0F;
  });
  EXPECT_TRUE(std::isnan(broken.row_sum_error));
}

TEST(HeadStatistics, OfThreeRowsAreWhatPaperAndPencilGive) {
  // 1; 1/4 3/4; 1/4 1/4 1/2.
  const HeadStatistics head = StatisticsOf(3, 2, [](std::size_t q, std::size_t k) {
    const float rows[3][3] = {{1, 0, 0}, {0.25F, 0.75F, 0}, {0.25F, 0.25F, 0.5F}};
    return rows[q][k];
  });
  const double second = 2 * std::log(2.0) - 0.75 * std::log(3.0);  // -Σ A ln A of 1/4, 3/4
  EXPECT_NEAR(head.entropy, (0 + second + 1.5 * std::log(2.0)) / 3, 1e-15);
  EXPECT_DOUBLE_EQ(head.mean_distance, (0.25 + 0.5 + 0.25) / 3);
  EXPECT_DOUBLE_EQ(head.confidence, (1 + 0.75 + 0.5) / 3);
  EXPECT_DOUBLE_EQ(head.previous_token, (0.25 + 0.25) / 2);
  EXPECT_DOUBLE_EQ(head.first_token, (0.25 + 0.25) / 2);
  EXPECT_DOUBLE_EQ(head.self, (1 + 0.75 + 0.5) / 3);
  EXPECT_NEAR(head.even_entropy, std::log(6.0) / 3, 1e-15);
  EXPECT_DOUBLE_EQ(head.even_distance, (0 + 0.5 + 1) / 3);
}

TEST(HeadStatistics, WeighDistancesByWhatRowsHoldEvenIfTheyDoNotSumToOne) {
  // Row 1 holds 1/4 one token back, row 2 holds 1/4 on itself: Σ A d / Σ A = (1/4) / (1/2).
  const HeadStatistics head = StatisticsOf(3, 3, [](std::size_t q, std::size_t k) {
    return (q == 1 && k == 0) || (q == 2 && k == 2) ? 0.25F : 0.0F;
  });
  EXPECT_DOUBLE_EQ(head.mean_distance, 0.5);
}

TEST(HeadStatistics, MeasureBroadAndLocalAgainstWhatAWindowShows) {
  // A window of 2: every row but the first attends to two keys.
  HeadStatisticsObserver observer;
  const float weights[] = {1, 0, 0, 0.5F, 0.5F, 0, 0, 0.5F, 0.5F};
  observer.OnRows({.query_count = 3,
                   .key_count = 3,
                   .weights = weights,
                   .stride = 3,
                   .mask = Mask::Kind::kSlidingWindow,
                   .window = 2});
  const HeadStatistics head = observer.Heads().at(0);
  EXPECT_NEAR(head.even_entropy, 2 * std::log(2.0) / 3, 1e-15);
  EXPECT_NEAR(head.entropy, head.even_entropy, 1e-15);
  EXPECT_DOUBLE_EQ(head.even_distance, 1.0 / 3);
  EXPECT_DOUBLE_EQ(head.mean_distance, head.even_distance);
}

TEST(HeadStatistics, MeasureDistancesOnBothSidesOfAQuery) {
  HeadStatisticsObserver observer;
  const float weights[] = {0.5F, 0, 0.5F, 0, 0, 1, 0, 0, 1};
  observer.OnRows({.query_count = 3,
                   .key_count = 3,
                   .weights = weights,
                   .stride = 3,
                   .mask = Mask::Kind::kNone});
  // |q - k|: 0 and 2 by halves, 1, 0.
  const HeadStatistics head = observer.Heads().at(0);
  EXPECT_DOUBLE_EQ(head.mean_distance, 2.0 / 3);
  EXPECT_DOUBLE_EQ(head.even_distance, (1.0 + 2.0 / 3 + 1.0) / 3);
  EXPECT_NEAR(head.even_entropy, std::log(3.0), 1e-15);
  EXPECT_DOUBLE_EQ(head.self, 1.5 / 3);
}

TEST(HeadStatistics, MeasureASymmetricWindowByItsOwnDistances) {
  // Every query attends evenly to what its window shows, on either side.
  constexpr std::size_t kTokens = 11;
  const Mask mask{.kind = Mask::Kind::kSymmetricWindow, .window = 4};
  std::vector<float> weights(kTokens * kTokens, 0.0F);
  for (std::size_t q = 0; q < kTokens; ++q) {
    const Mask::Range range = mask.KeyRange(q, kTokens);
    for (std::size_t k = range.begin; k < range.end; ++k) {
      weights[q * kTokens + k] = 1.0F / static_cast<float>(range.end - range.begin);
    }
  }
  HeadStatisticsObserver observer;
  observer.OnRows({.query_count = kTokens,
                   .key_count = kTokens,
                   .weights = weights.data(),
                   .stride = kTokens,
                   .mask = mask.kind,
                   .window = mask.window});
  const HeadStatistics head = observer.Heads().at(0);
  EXPECT_NEAR(head.mean_distance, head.even_distance, 1e-7);
  EXPECT_NEAR(head.entropy, head.even_entropy, 1e-6);
  EXPECT_EQ(HeadType(head), "broad");
}

TEST(HeadStatistics, OfCrossAttentionAreThoseThatNeedNoCommonPositions) {
  HeadStatisticsObserver observer;
  const float weights[] = {0.25F, 0.25F, 0.5F, 0, 0.75F, 0.25F, 0, 0};
  observer.OnRows({.stream = AttentionStream::kCross,
                   .layer = 1,
                   .head = 2,
                   .query_begin = 5,
                   .query_count = 2,
                   .key_count = 4,
                   .weights = weights,
                   .stride = 4,
                   .mask = Mask::Kind::kNone});
  const HeadStatistics head = observer.Heads().at(0);
  EXPECT_EQ(head.stream, AttentionStream::kCross);
  EXPECT_EQ(head.rows, 2U);
  EXPECT_DOUBLE_EQ(head.confidence, 0.625);
  EXPECT_DOUBLE_EQ(head.first_token, 0.5);
  EXPECT_NEAR(head.even_entropy, std::log(4.0), 1e-15);
  const double entropy =
      0.5 * std::log(4.0) + 0.5 * std::log(2.0) + 0.75 * std::log(4.0 / 3) + 0.25 * std::log(4.0);
  EXPECT_NEAR(head.entropy, entropy / 2, 1e-15);
  EXPECT_EQ(head.mean_distance, 0.0);
  EXPECT_EQ(head.even_distance, 0.0);
  EXPECT_EQ(head.previous_token, 0.0);
  EXPECT_EQ(head.self, 0.0);
  EXPECT_EQ(head.row_sum_error, 0.0);
  EXPECT_EQ(HeadType(head), "first token (sink)");
}

TEST(HeadStatistics, KeepStreamsApartInOrder) {
  HeadStatisticsObserver observer;
  const float weights[] = {1.0F};
  for (const auto stream :
       {AttentionStream::kCross, AttentionStream::kSelf, AttentionStream::kEncoder}) {
    for (const std::size_t layer : {1U, 0U}) {
      observer.OnRows({.stream = stream,
                       .layer = layer,
                       .query_count = 1,
                       .key_count = 1,
                       .weights = weights,
                       .stride = 1});
    }
  }
  const std::vector<HeadStatistics> heads = observer.Heads();
  ASSERT_EQ(heads.size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(static_cast<std::size_t>(heads[i].stream), i / 2);
    EXPECT_EQ(heads[i].layer, i % 2);
  }
}

TEST(HeadType, OfCrossAttentionAreNotNamedAfterDistances) {
  HeadStatistics head;
  head.stream = AttentionStream::kCross;
  head.rows = 10;
  head.even_entropy = 2.0;
  head.entropy = 1.0;
  EXPECT_EQ(HeadType(head), "mixed");
  head.entropy = 1.9;
  EXPECT_EQ(HeadType(head), "broad");
}

TEST(HeadStatistics, NeedNoMemoryDuringARunIfTheModelIsKnown) {
  ModelInfo info;
  info.layers = 5;
  info.heads = 7;
  const float weights[] = {1.0F};
  HeadStatisticsObserver observer({}, 0, 0, &info);
  const std::size_t before = testing::AllocatedBytes();
  testing::ResetPeak();
  for (std::size_t layer = 0; layer < info.layers; ++layer) {
    for (std::size_t head = info.heads; head-- > 0;) {
      observer.OnRows({.layer = layer,
                       .head = head,
                       .query_count = 1,
                       .key_count = 1,
                       .weights = weights,
                       .stride = 1});
    }
  }
  EXPECT_EQ(testing::PeakBytes(), before);
  EXPECT_EQ(observer.Heads().size(), 35U);
}

/// A head of 100 rows with equal weights on all keys, except for what the test sets.
HeadStatistics EvenHead() {
  HeadStatistics head;
  head.rows = 100;
  head.entropy = head.even_entropy = 4.0;
  head.mean_distance = head.even_distance = 40.0;
  return head;
}

TEST(HeadType, TakesTheFirstThatFitsAtItsThreshold) {
  HeadStatistics head = EvenHead();
  EXPECT_EQ(HeadType(head), "broad");
  head.entropy = 0.8 * head.even_entropy;
  EXPECT_EQ(HeadType(head), "broad");
  head.entropy = 3.19;
  EXPECT_EQ(HeadType(head), "mixed");
  head.mean_distance = 8.0;
  EXPECT_EQ(HeadType(head), "local");
  head.mean_distance = 8.01;
  EXPECT_EQ(HeadType(head), "mixed");
  head.mean_distance = 5.0;
  head.even_distance = 9.9;  // Half of it is nearer than 5.
  EXPECT_EQ(HeadType(head), "mixed");
  head.first_token = 0.3;
  EXPECT_EQ(HeadType(head), "mixed");
  head.first_token = 0.31;
  EXPECT_EQ(HeadType(head), "first token (sink)");
  head.self = 0.4;
  EXPECT_EQ(HeadType(head), "current token");
  head.previous_token = 0.39;
  EXPECT_EQ(HeadType(head), "current token");
  head.previous_token = 0.4;
  EXPECT_EQ(HeadType(head), "previous token");
}

TEST(HeadStatistics, AreEmptyBeforeAnyRow) {
  EXPECT_TRUE(HeadStatisticsObserver().Heads().empty());
  EXPECT_EQ(HeadStatisticsObserver({.layers = {4}}).selection().layers.at(0), 4U);
}

}  // namespace
}  // namespace fovea
