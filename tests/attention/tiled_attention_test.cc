#include "engine/attention/tiled_attention.h"
#include "engine/attention/scratch_layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "platform/thread_pool.h"
#include "tests/attention/attention_problem.h"
#include "tests/attention/row_collector.h"

namespace fovea::attention {
namespace {

constexpr double kUnit = std::numeric_limits<float>::epsilon() / 2.0;

constexpr DataType kCacheTypes[] = {DataType::kF32, DataType::kF16, DataType::kBF16,
                                    DataType::kQ8_0};

/// Runs the problem observed and plain on every instruction set and compares all with the answer.
void Check(ProblemShape shape) {
  if (shape.kv_type == DataType::kF32 && !shape.float_rows) {
    shape.float_rows = true;
    Check(shape);
    shape.float_rows = false;
  }
  SCOPED_TRACE(shape.ToString());
  const Problem problem(shape, shape.tokens * 977 + shape.head_dim);
  const Answer answer = problem.Solve();
  const std::size_t n = problem.positions();
  for (const kernels::KernelTable* table : Tables()) {
    SCOPED_TRACE(IsaName(table->isa));
    const std::vector<float> plain = RunPlain(*table, problem);
    Collector collected(problem, {.scores = true});
    std::vector<float> out(plain.size(), -1.0F);
    platform::SerialParallel serial;
    Call call = problem.MakeCall(0, shape.tokens, out.data());
    call.observer = &collected;
    RunCall(*table, serial, call);
    ASSERT_EQ(out, plain) << "observing must not change a bit";

    for (std::size_t i = 0; i < out.size(); ++i) {
      ASSERT_NEAR(out[i], answer.out[i], answer.out_bound[i]) << "output " << i;
    }
    for (std::size_t row = 0; row < answer.lse.size(); ++row) {
      double sum = 0.0;
      for (std::size_t k = 0; k < n; ++k) {
        const std::size_t cell = row * n + k;
        const double weight = static_cast<double>(collected.weights[cell]);
        sum += weight;
        ASSERT_NEAR(weight, answer.weights[cell],
                    answer.weight_bound[row] * answer.weights[cell] + 1e-37)
            << "row " << row << " key " << k;
        if (std::isinf(answer.scores[cell])) {
          ASSERT_EQ(collected.scores[cell], -std::numeric_limits<float>::infinity());
          ASSERT_EQ(weight, 0.0);
        } else {
          ASSERT_NEAR(collected.scores[cell], answer.scores[cell], answer.score_bound[row]);
        }
      }
      if (std::isinf(answer.lse[row])) {
        ASSERT_EQ(sum, 0.0);
        ASSERT_EQ(static_cast<double>(collected.lse[row]), answer.lse[row]);
      } else {
        // Each weight errs by a few ulp beside the sum that they share.
        ASSERT_NEAR(sum, 1.0, (static_cast<double>(n) + 16.0) * kUnit);
        ASSERT_NEAR(collected.lse[row], answer.lse[row], answer.lse_bound[row]);
      }
    }
  }
}

TEST(TiledAttention, AgreesWithTheReferenceForEveryLengthUpToSeventy) {
  for (std::size_t tokens = 1; tokens <= 70; ++tokens) {
    Check({.tokens = tokens, .heads = 2, .kv_heads = 1, .head_dim = 16, .value_dim = 16});
  }
}

TEST(TiledAttention, AgreesWithTheReferenceForLongerSequences) {
  for (const std::size_t tokens : {127U, 128U, 129U, 200U, 256U, 333U, 600U}) {
    Check({.tokens = tokens, .head_dim = 32, .value_dim = 32});
    for (const DataType type : kCacheTypes) {
      Check({.tokens = tokens, .head_dim = 24, .value_dim = 40, .kv_type = type});
    }
  }
}

TEST(TiledAttention, AgreesWithTheReferenceForHalfKeysBesideEightBitValues) {
  for (const std::size_t tokens : {1U, 7U, 40U, 300U}) {
    Check({.tokens = tokens,
           .heads = 4,
           .kv_heads = 2,
           .head_dim = 24,
           .value_dim = 40,
           .first_query = 30,
           .kv_type = DataType::kQ8_0,
           .half_keys = true});
  }
}

TEST(TiledAttention, AgreesWithTheReferenceForEveryHeadDim) {
  for (const std::size_t dim :
       {1U, 3U, 8U, 16U, 20U, 24U, 32U, 40U, 64U, 80U, 96U, 128U, 160U, 256U}) {
    for (const DataType type : kCacheTypes) {
      Check({.tokens = 37,
             .heads = 2,
             .kv_heads = 2,
             .head_dim = dim,
             .value_dim = dim,
             .kv_type = type});
      Check({.tokens = 70, .head_dim = dim, .value_dim = 257 - dim, .kv_type = type});
      Check({.tokens = 1, .head_dim = dim, .value_dim = dim, .first_query = 90, .kv_type = type});
    }
  }
}

TEST(TiledAttention, AgreesWithTheReferenceForEveryMultipleOfEight) {
  for (std::size_t dim = 8; dim <= 256; dim += 8) {
    Check({.tokens = 20, .head_dim = dim, .value_dim = dim, .first_query = 60});
  }
}

TEST(TiledAttention, AgreesWithTheReferenceForEveryMask) {
  for (const std::size_t tokens : {1U, 5U, 16U, 33U, 64U, 65U, 150U}) {
    for (const bool padded : {false, true}) {
      Check({.tokens = tokens, .mask = Mask::Kind::kNone, .padded = padded});
      Check({.tokens = tokens, .mask = Mask::Kind::kCausal, .padded = padded});
      for (const std::size_t window : {1U, 2U, 7U, 16U, 63U, 64U, 65U, 100U}) {
        for (const auto mask : {Mask::Kind::kSlidingWindow, Mask::Kind::kSymmetricWindow}) {
          Check({.tokens = tokens, .mask = mask, .window = window, .padded = padded});
        }
      }
    }
  }
}

TEST(TiledAttention, AgreesWithTheReferenceForGroupedQueries) {
  for (const auto& [heads, kv_heads] : std::vector<std::pair<std::size_t, std::size_t>>{
           {4, 4}, {4, 2}, {9, 3}, {8, 1}, {32, 1}, {14, 2}}) {
    for (const std::size_t tokens : {1U, 2U, 18U}) {
      Check({.tokens = tokens,
             .heads = heads,
             .kv_heads = kv_heads,
             .head_dim = 16,
             .value_dim = 24,
             .first_query = 50});
    }
  }
}

TEST(TiledAttention, AgreesWithTheReferenceUnderASoftcap) {
  for (const float softcap : {1.0F, 20.0F, 50.0F}) {
    Check(
        {.tokens = 90, .head_dim = 32, .value_dim = 32, .softcap = softcap, .query_factor = 5.0F});
  }
}

TEST(TiledAttention, AgreesWithTheReferenceAfterCachedPositions) {
  for (const std::size_t first : {1U, 15U, 63U, 64U, 65U, 300U}) {
    for (const std::size_t tokens : {1U, 3U, 20U}) {
      Check({.tokens = tokens, .head_dim = 64, .value_dim = 64, .first_query = first});
      Check({.tokens = tokens,
             .first_query = first,
             .mask = Mask::Kind::kSlidingWindow,
             .window = 40,
             .kv_type = DataType::kF16});
    }
  }
}

TEST(TiledAttention, AgreesWithTheReferenceUnderABias) {
  for (const DataType type : kCacheTypes) {
    for (const auto mask : {Mask::Kind::kNone, Mask::Kind::kCausal, Mask::Kind::kSlidingWindow,
                            Mask::Kind::kSymmetricWindow}) {
      for (const std::size_t tokens : {1U, 5U, 16U, 70U}) {
        for (const std::size_t first : {0U, 3U, 300U}) {
          Check({.tokens = tokens,
                 .heads = 3,
                 .kv_heads = 1,
                 .first_query = first,
                 .mask = mask,
                 .window = 21,
                 .kv_type = type,
                 .softcap = first == 3 ? 2.0F : 0.0F,
                 .biased = true,
                 .padded = tokens == 16});
        }
      }
    }
  }
}

TEST(TiledAttention, AgreesWithTheReferenceBetweenTwoSequences) {
  for (const DataType type : kCacheTypes) {
    for (const std::size_t keys : {1U, 15U, 16U, 17U, 64U, 300U}) {
      for (const std::size_t tokens : {1U, 20U, 70U}) {
        for (const std::size_t first : {0U, 5U, 1000U}) {
          Check({.tokens = tokens,
                 .heads = 2,
                 .kv_heads = 2,
                 .first_query = first,
                 .mask = Mask::Kind::kNone,
                 .other_keys = keys,
                 .kv_type = type,
                 .biased = first == 5,
                 .padded = tokens == 20});
        }
      }
    }
  }
}

TEST(TiledAttention, KeepsRowSumsWhereScoresAreHuge) {
  Check({.tokens = 80, .head_dim = 32, .value_dim = 16, .query_factor = 1e4F});
  Check({.tokens = 80, .head_dim = 32, .value_dim = 16, .query_factor = 1e-20F});
}

/// Splits the tokens into calls of `prefill_batch` and returns outputs and weights.
struct Observed {
  std::vector<float> out, weights, lse;
  bool operator==(const Observed&) const = default;
};

Observed RunChunked(const kernels::KernelTable& table, const Problem& problem,
                    std::size_t prefill_batch, platform::Parallel& parallel, bool observed) {
  const ProblemShape& shape = problem.shape();
  Observed result;
  result.out.assign(shape.tokens * shape.heads * shape.value_dim, -1.0F);
  Collector collected(problem, {});
  for (std::size_t begin = 0; begin < shape.tokens; begin += prefill_batch) {
    Call call =
        problem.MakeCall(begin, std::min(begin + prefill_batch, shape.tokens), result.out.data());
    if (observed) call.observer = &collected;
    RunCall(table, parallel, call);
  }
  result.weights = collected.weights;
  result.lse = collected.lse;
  return result;
}

TEST(TiledAttention, IsBitEqualForEverySplitOfTheQueriesObservedOrNot) {
  for (const ProblemShape& shape :
       {ProblemShape{.tokens = 150, .heads = 6, .kv_heads = 2, .head_dim = 24, .value_dim = 40},
        ProblemShape{.tokens = 90,
        .heads = 4,
        .kv_heads = 1,
        .head_dim = 13,
        .value_dim = 9,
        .first_query = 30,
        .mask = Mask::Kind::kSlidingWindow,
        .window = 33,
        .kv_type = DataType::kF16,
        .softcap = 30.0F,
        .padded = true},
        ProblemShape{.tokens = 90,
        .heads = 4,
        .kv_heads = 2,
        .first_query = 7,
        .mask = Mask::Kind::kSymmetricWindow,
        .window = 33,
        .kv_type = DataType::kQ8_0,
        .biased = true,
        .padded = true},
        ProblemShape{.tokens = 40,
        .heads = 4,
        .kv_heads = 4,
        .first_query = 7,
        .mask = Mask::Kind::kNone,
        .other_keys = 270,
        .biased = true},
        ProblemShape{.tokens = 130,
        .heads = 2,
        .head_dim = 64,
        .value_dim = 64,
        .kv_type = DataType::kF16}}) {
    SCOPED_TRACE(shape.ToString());
    const Problem problem(shape, 5);
    for (const kernels::KernelTable* table : Tables()) {
      SCOPED_TRACE(IsaName(table->isa));
      platform::SerialParallel serial;
      const Observed whole = RunChunked(*table, problem, shape.tokens, serial, true);
      for (const std::size_t prefill_batch : {1U, 2U, 3U, 7U, 16U, 17U, 64U, 100U}) {
        ASSERT_EQ(RunChunked(*table, problem, prefill_batch, serial, true), whole)
            << "prefill_batch " << prefill_batch;
        ASSERT_EQ(RunChunked(*table, problem, prefill_batch, serial, false).out, whole.out);
      }
    }
  }
}

TEST(TiledAttention, IsBitEqualForEveryNumberOfThreads) {
  for (const bool biased : {false, true}) {
    const Problem problem({.tokens = 100,
                           .heads = 6,
                           .kv_heads = 2,
                           .head_dim = 24,
                           .value_dim = 40,
                           .biased = biased},
                          6);
    for (const kernels::KernelTable* table : Tables()) {
      platform::SerialParallel serial;
      const Observed one = RunChunked(*table, problem, 64, serial, true);
      for (std::size_t workers = 1; workers <= 4; ++workers) {
        const auto pool = platform::ThreadPool::Create(workers);
        ASSERT_NE(pool, nullptr);
        ASSERT_EQ(RunChunked(*table, problem, 64, *pool, true), one) << workers << " workers";
        ASSERT_EQ(RunChunked(*table, problem, 1, *pool, false).out, one.out);
      }
    }
  }
}

TEST(TiledAttention, IsBitEqualWhereTheSplitsOfALongContextAreSpreadOverThreads) {
  for (const DataType type : kCacheTypes) {
    for (const auto mask : {Mask::Kind::kCausal, Mask::Kind::kSlidingWindow, Mask::Kind::kNone}) {
      // The first tokens do not reach the last split; windows begin inside of one.
      const ProblemShape shape{.tokens = 20,
                               .heads = 6,
                               .kv_heads = 2,
                               .head_dim = 24,
                               .value_dim = 40,
                               .first_query = 755,
                               .mask = mask,
                               .window = 600,
                               .other_keys = mask == Mask::Kind::kNone ? std::size_t{900} : 0,
                               .kv_type = type,
                               .biased = mask != Mask::Kind::kCausal,
                               .padded = mask == Mask::Kind::kCausal};
      SCOPED_TRACE(shape.ToString());
      const Problem problem(shape, 11);
      for (const kernels::KernelTable* table : Tables()) {
        SCOPED_TRACE(IsaName(table->isa));
        platform::SerialParallel serial;
        const Observed one = RunChunked(*table, problem, shape.tokens, serial, true);
        for (std::size_t workers = 2; workers <= 3; ++workers) {
          const auto pool = platform::ThreadPool::Create(workers);
          ASSERT_NE(pool, nullptr);
          for (const std::size_t prefill_batch : {1U, 3U, 8U, 20U}) {
            ASSERT_EQ(RunChunked(*table, problem, prefill_batch, *pool, false).out, one.out)
                << prefill_batch;
          }
          ASSERT_EQ(RunChunked(*table, problem, 5, *pool, true), one) << workers << " workers";
        }
      }
    }
  }
}

/// Only keeps log-sum-exps, which splits have to give to the trace as well.
TEST(TiledAttention, ScratchSizesThatOverflowAreReportedAsTheLargest) {
  const kernels::KernelTable& table = *Tables().front();
  constexpr std::size_t kHuge = std::numeric_limits<std::size_t>::max() / 2;
  EXPECT_EQ(ScratchFloats(table, {.batch_size = 1,
                                  .max_positions = kHuge,
                                  .heads = 4,
                                  .kv_heads = 1,
                                  .head_dim = 8,
                                  .value_dim = 8,
                                  .rows = true}),
            std::numeric_limits<std::size_t>::max());
  EXPECT_EQ(ScratchFloats(table, {.batch_size = 1,
                                  .max_positions = 1,
                                  .heads = 4,
                                  .kv_heads = 1,
                                  .head_dim = 8,
                                  .value_dim = 8,
                                  .new_keys = kHuge,
                                  .values = true}),
            std::numeric_limits<std::size_t>::max());
  EXPECT_EQ(ScratchFloats(table, {.batch_size = kHuge,
                                  .max_positions = 1,
                                  .heads = 4,
                                  .kv_heads = 1,
                                  .head_dim = 8,
                                  .value_dim = 8,
                                  .trace = true}),
            std::numeric_limits<std::size_t>::max());
}

}  // namespace
}  // namespace fovea::attention
