#include <gtest/gtest.h>

#include <limits>

#include "fovea/attention.h"

namespace fovea {
namespace {

void ExpectRange(const Mask& mask, std::size_t query, std::size_t keys, std::size_t begin,
                 std::size_t end) {
  const Mask::Range range = mask.KeyRange(query, keys);
  EXPECT_EQ(range.begin, begin);
  EXPECT_EQ(range.end, end);
}

TEST(Mask, NoneShowsEveryKey) {
  ExpectRange({.kind = Mask::Kind::kNone}, 0, 5, 0, 5);
  ExpectRange({.kind = Mask::Kind::kNone, .first_query = 3}, 9, 5, 0, 5);
}

TEST(Mask, CausalShowsKeysUpToTheQuery) {
  ExpectRange({}, 0, 5, 0, 1);
  ExpectRange({}, 4, 5, 0, 5);
  ExpectRange({.first_query = 2}, 1, 10, 0, 4);
}

TEST(Mask, CausalStopsAtTheLastKey) {
  ExpectRange({}, 7, 5, 0, 5);
}

TEST(Mask, SlidingWindowShowsTheLastKeysItselfIncluded) {
  const Mask mask{.kind = Mask::Kind::kSlidingWindow, .window = 3};
  ExpectRange(mask, 0, 9, 0, 1);
  ExpectRange(mask, 2, 9, 0, 3);
  ExpectRange(mask, 3, 9, 1, 4);
  ExpectRange(mask, 8, 9, 6, 9);
}

TEST(Mask, SlidingWindowOfOneShowsOnlyTheQueryItself) {
  ExpectRange({.kind = Mask::Kind::kSlidingWindow, .window = 1}, 4, 9, 4, 5);
}

TEST(Mask, SlidingWindowPastTheKeysIsEmpty) {
  const Mask::Range range = Mask{.kind = Mask::Kind::kSlidingWindow, .window = 2}.KeyRange(9, 5);
  EXPECT_EQ(range.begin, range.end);
}

TEST(Mask, SymmetricWindowShowsHalfOfItOnEitherSide) {
  for (const std::size_t window : {4U, 5U}) {
    const Mask mask{.kind = Mask::Kind::kSymmetricWindow, .window = window};
    ExpectRange(mask, 0, 9, 0, 3);
    ExpectRange(mask, 1, 9, 0, 4);
    ExpectRange(mask, 2, 9, 0, 5);
    ExpectRange(mask, 4, 9, 2, 7);
    ExpectRange(mask, 6, 9, 4, 9);
    ExpectRange(mask, 8, 9, 6, 9);
    ExpectRange(mask, 10, 9, 8, 9);
    ExpectRange(mask, 20, 9, 9, 9);
  }
  ExpectRange({.kind = Mask::Kind::kSymmetricWindow, .window = 1}, 4, 9, 4, 5);
  ExpectRange({.kind = Mask::Kind::kSymmetricWindow, .window = 4, .first_query = 5}, 1, 9, 4, 9);
}

TEST(Mask, SymmetricWindowIsTheDistanceRuleForEveryQueryAndKey) {
  for (std::size_t window = 0; window < 12; ++window) {
    const Mask mask{.kind = Mask::Kind::kSymmetricWindow, .window = window};
    for (std::size_t query = 0; query < 20; ++query) {
      const Mask::Range range = mask.KeyRange(query, 15);
      for (std::size_t key = 0; key < 15; ++key) {
        const std::size_t distance = query > key ? query - key : key - query;
        ASSERT_EQ(key >= range.begin && key < range.end, distance <= window / 2);
      }
    }
  }
}

TEST(Mask, HugePositionsDoNotWrap) {
  constexpr std::size_t kMaxValue = std::numeric_limits<std::size_t>::max();
  ExpectRange({.first_query = kMaxValue - 1}, 5, 10, 0, 10);
  ExpectRange({.kind = Mask::Kind::kSlidingWindow, .window = kMaxValue}, 4, 10, 0, 5);
  ExpectRange({.kind = Mask::Kind::kSymmetricWindow, .window = kMaxValue}, 4, 10, 0, 10);
  ExpectRange({.kind = Mask::Kind::kSymmetricWindow, .window = 4, .first_query = kMaxValue - 1}, 5,
              10, 10, 10);
}

TEST(Mask, KindsHaveNames) {
  EXPECT_EQ(MaskKindName(Mask::Kind::kNone), "none");
  EXPECT_EQ(MaskKindName(Mask::Kind::kCausal), "causal");
  EXPECT_EQ(MaskKindName(Mask::Kind::kSlidingWindow), "sliding_window");
  EXPECT_EQ(MaskKindName(Mask::Kind::kSymmetricWindow), "symmetric_window");
}

TEST(AttentionSelection, EmptyListsSelectEverything) {
  const AttentionSelection all;
  EXPECT_TRUE(all.HasLayer(0));
  EXPECT_TRUE(all.HasHead(99));
}

TEST(AttentionSelection, ListsSelectTheirItems) {
  const AttentionSelection some{.layers = {2, 5}, .heads = {1}};
  EXPECT_TRUE(some.HasLayer(5));
  EXPECT_FALSE(some.HasLayer(3));
  EXPECT_TRUE(some.HasHead(1));
  EXPECT_FALSE(some.HasHead(0));
}

}  // namespace
}  // namespace fovea
