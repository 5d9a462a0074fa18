// Rows rebuilt a few at a time are those of one attention over everything, whatever the mask.
#include "tools/attention-dump/page/trace_rows.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <vector>

namespace fovea::dump {
namespace {

TEST(RebuildRowsTest, GivesEveryMaskItsRows) {
  constexpr std::size_t kTokens = 150, kDim = 6;
  std::mt19937 random(4);
  std::normal_distribution<float> normal;
  std::vector<float> query(kTokens * kDim), key(kTokens * kDim);
  for (float& x : query) x = normal(random);
  for (float& x : key) x = normal(random);
  const std::vector<float> values(kTokens, 0.0F);
  struct Case {
    bool causal;
    std::size_t window;
    Mask::Kind kind;
  };
  for (const Case& mask :
       {Case{true, 0, Mask::Kind::kCausal}, Case{true, 20, Mask::Kind::kSlidingWindow},
        Case{false, 0, Mask::Kind::kNone}, Case{false, 20, Mask::Kind::kSymmetricWindow},
        Case{false, 1, Mask::Kind::kSymmetricWindow}}) {
    SCOPED_TRACE(MaskKindName(mask.kind));
    const auto whole = Attend({.queries = kTokens,
                               .keys = kTokens,
                               .query_width = kDim,
                               .key_width = kDim,
                               .value_width = 1,
                               .query = query,
                               .key = key,
                               .value = values,
                               .mask = {.kind = mask.kind, .window = mask.window},
                               .scale = 0.5F});
    ASSERT_TRUE(whole.ok());
    std::size_t rows_seen = 5;
    const Status status = RebuildRows(
        {.tokens = kTokens,
         .dim = kDim,
         .query = query,
         .key = key,
         .scale = 0.5F,
         .causal = mask.causal,
         .window = mask.window,
         .isa = BestIsa()},
        rows_seen, kTokens, [&](const AttentionRows& rows) {
          EXPECT_EQ(rows.query_begin, rows_seen);
          EXPECT_EQ(rows.mask, mask.kind);
          for (std::size_t r = 0; r < rows.query_count; ++r, ++rows_seen) {
            EXPECT_EQ(rows.log_sum_exp[r], whole->log_sum_exp[rows_seen]);
            for (std::size_t k = 0; k < kTokens; ++k) {
              const float weight = k < rows.key_count ? rows.weights[r * rows.stride + k] : 0.0F;
              EXPECT_EQ(weight, whole->weights[rows_seen * kTokens + k]) << rows_seen << ", " << k;
            }
          }
          return Status::Ok();
        });
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(rows_seen, kTokens);
  }
}

}  // namespace
}  // namespace fovea::dump
