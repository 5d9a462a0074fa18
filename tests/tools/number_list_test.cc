#include "tools/attention-dump/command/number_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/common/numbers.h"

namespace fovea::dump {
namespace {

using testing::ElementsAre;

TEST(NumberList, RangesSelectEachNumberOnceInOrder) {
  const auto ranges = ParseRanges("5,0-2, 1 ");
  ASSERT_TRUE(ranges.has_value());
  const auto selected = Select(*ranges, 6, "layer");
  ASSERT_TRUE(selected.ok());
  EXPECT_THAT(*selected, ElementsAre(0, 1, 2, 5));
}

TEST(NumberList, NoRangeSelectsAll) {
  EXPECT_THAT(*Select({}, 3, "head"), ElementsAre(0, 1, 2));
}

TEST(NumberList, MalformedRangesAreRefused) {
  for (const char* text : {"", ",", "1,", "a", "1-", "-1", "3-1", "1--2", "1-2-3", "0x1", "1.5",
                           "+1", "99999999999999999999"}) {
    EXPECT_FALSE(ParseRanges(text).has_value()) << text;
  }
}

TEST(NumberList, AMissingNumberIsNamedWithTheValidOnes) {
  const auto layer = Select(*ParseRanges("0-99999999999"), 6, "layer");
  ASSERT_FALSE(layer.ok());
  EXPECT_EQ(layer.status().message(),
            "layer 99999999999 does not exist; the model has layers 0 to 5");
  EXPECT_EQ(Select(*ParseRanges("7-9"), 6, "head").status().message(),
            "head 7 does not exist; the model has heads 0 to 5");
}

TEST(NumberList, IdsMayHaveSpacesAndMustFit32Bits) {
  EXPECT_THAT(*ParseIds("1, 2,\n3"), ElementsAre(1, 2, 3));
  EXPECT_THAT(*ParseIds("2147483647"), ElementsAre(2147483647));
  for (const char* text : {"", "1,,2", "-1", "2147483648", "1 2", "one"}) {
    EXPECT_FALSE(ParseIds(text).has_value()) << text;
  }
}

TEST(NumberList, ByteCountsKnowUnits) {
  EXPECT_EQ(tools::ParseByteCount("1000"), 1000U);
  EXPECT_EQ(tools::ParseByteCount("1000B"), 1000U);
  EXPECT_EQ(tools::ParseByteCount("2k"), 2048U);
  EXPECT_EQ(tools::ParseByteCount("3M"), 3U << 20U);
  EXPECT_EQ(tools::ParseByteCount("4GB"), 4ULL << 30U);
  EXPECT_EQ(tools::ParseByteCount("1TiB"), 1ULL << 40U);
  for (const char* text : {"", "M", "1X", "1MM", "-1", "1.5G", "99999999T"}) {
    EXPECT_FALSE(tools::ParseByteCount(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace fovea::dump
