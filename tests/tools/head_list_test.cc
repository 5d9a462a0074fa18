#include "tools/attention-dump/ablation/head_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fovea::dump {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(HeadList, IsReadInTheOrderGiven) {
  const auto heads = ParseHeadList("L3H5,L0H11");
  ASSERT_TRUE(heads.has_value());
  EXPECT_THAT(*heads, ElementsAre(NamedHead{3, 5}, NamedHead{0, 11}));
  EXPECT_EQ(HeadListText(*heads), "L3H5, L0H11");
}

TEST(HeadList, WhatIsNoListOfDifferentHeadsIsRefused) {
  for (const char* text : {"", "3.5", "L3", "H5", "L3H", "LH5", "L3H5,", ",L3H5", "L3H5 L1H1",
                           "L3H5,L3H5", "L-1H2", "XL3H5", "L3H5x"}) {
    EXPECT_FALSE(ParseHeadList(text).has_value()) << text;
  }
}

TEST(HeadList, AHeadThatTheModelLacksIsNamedWithThoseItHas) {
  ModelInfo model;
  model.layers = 4;
  model.heads = 6;
  EXPECT_TRUE(CheckHeadList({{3, 5}}, model).ok());
  const Status status = CheckHeadList({{3, 5}, {4, 0}}, model);
  EXPECT_THAT(status.message(), HasSubstr("L4H0 does not exist; the model has heads L0H0 to L3H5"));
  EXPECT_FALSE(CheckHeadList({{0, 6}}, model).ok());
}

}  // namespace
}  // namespace fovea::dump
