#include "engine/format/checked_size.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace fovea::format {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

TEST(Place, RoundsUpToTheAlignment) {
  const Placement place =
      Place({.base = 33, .offset = 32, .count = 3, .item_bytes = 18, .alignment = 32}, 1000);
  EXPECT_TRUE(place.ok());
  EXPECT_EQ(place.offset, 96U);
  EXPECT_EQ(place.bytes, 54U);
  EXPECT_EQ(place.end(), 150U);
}

TEST(Place, AcceptsExactlyTheLimit) {
  EXPECT_TRUE(Place({.base = 90, .count = 10}, 100).ok());
  EXPECT_EQ(Place({.base = 90, .count = 11}, 100).fault, PlaceFault::kPastEnd);
  EXPECT_TRUE(Place({.base = 100, .count = 0}, 100).ok());
  EXPECT_EQ(Place({.base = 101, .count = 0}, 100).fault, PlaceFault::kPastEnd);
}

TEST(Place, NoticesEveryOverflow) {
  EXPECT_EQ(Place({.base = kMax, .offset = 1}, 100).fault, PlaceFault::kOverflow);
  EXPECT_EQ(Place({.base = kMax, .count = 0, .alignment = 32}, 100).fault, PlaceFault::kOverflow);
  EXPECT_EQ(Place({.count = kMax, .item_bytes = 2}, 100).fault, PlaceFault::kOverflow);
  EXPECT_EQ(Place({.count = std::uint64_t{1} << 62U, .item_bytes = 4}, 100).fault,
            PlaceFault::kOverflow);
  EXPECT_EQ(Place({.offset = kMax - 8, .count = 9}, 100).fault, PlaceFault::kOverflow);
}

TEST(CheckedProduct, NoticesOverflowEvenThroughZeroBits) {
  std::size_t product = 0;
  EXPECT_TRUE(CheckedProduct(std::array<std::uint64_t, 4>{2, 3, 5, 7}, &product));
  EXPECT_EQ(product, 210U);
  // Would wrap to 0.
  const std::uint64_t big = std::uint64_t{1} << 32U;
  EXPECT_FALSE(CheckedProduct(std::array<std::uint64_t, 4>{big, big, 1, 1}, &product));
  // The largest size there is; on 32-bit machines the largest number of a file is none.
  constexpr std::size_t kLargest = std::numeric_limits<std::size_t>::max();
  EXPECT_TRUE(CheckedProduct(std::array<std::uint64_t, 2>{kLargest, 1}, &product));
  EXPECT_EQ(product, kLargest);
  EXPECT_EQ(CheckedProduct(std::array<std::uint64_t, 2>{kMax, 1}, &product), kLargest == kMax);
}

}  // namespace
}  // namespace fovea::format
