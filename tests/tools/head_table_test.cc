#include "tools/attention-dump/heads/head_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tools/attention-dump/base/numbers_text.h"

namespace fovea::dump {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

HeadRow Row(std::size_t layer, std::size_t head, double entropy, double induction) {
  HeadRow row;
  row.statistics.layer = layer;
  row.statistics.head = head;
  row.statistics.entropy = entropy;
  row.statistics.even_entropy = 4.0;
  row.statistics.mean_distance = 12.25;
  row.statistics.induction = induction;
  return row;
}

std::vector<std::string> NamesOf(const HeadTable& table) {
  std::vector<std::string> names;
  for (const HeadRow& row : table.rows) {
    names.push_back(std::to_string(row.statistics.layer) + "." +
                    std::to_string(row.statistics.head));
  }
  return names;
}

TEST(HeadTable, IsSortedLargestFirstAndCutToTheTop) {
  HeadTable table = {.rows = {Row(1, 0, 2.0, 0), Row(0, 1, 3.0, 0), Row(0, 0, 2.0, 0)}};
  SortRows("entropy", 2, &table);
  EXPECT_THAT(NamesOf(table), ElementsAre("0.1", "0.0"));
}

TEST(HeadTable, StandsInTheOrderOfPositionsByDefault) {
  HeadTable table = {.rows = {Row(1, 0, 2.0, 0), Row(0, 10, 3.0, 0), Row(0, 9, 2.0, 0)}};
  SortRows("", 9, &table);
  EXPECT_THAT(NamesOf(table), ElementsAre("0.9", "0.10", "1.0"));
}

TEST(HeadTable, TheCsvHasAHeadingAndExactNumbers) {
  const HeadTable table = {.rows = {Row(2, 3, 0.1, 0)}};
  EXPECT_EQ(HeadTableCsv(table),
            "layer,head,kv_head,entropy,distance,confidence,previous,self,first,type\n"
            "2,3,0,0.1,12.25,0,0,0,0,mixed\n");
}

TEST(HeadTable, RepeatColumnsAreThereOnlyWhenMeasured) {
  HeadTable table = {.probed = true, .rows = {Row(2, 3, 0.1, 0.75)}};
  const auto json = nlohmann::json::parse(HeadTableJson(table));
  EXPECT_EQ(json.at(0).at("induction"), 0.75);
  EXPECT_EQ(json.at(0).at("type"), "induction");
  table.probed = false;
  EXPECT_FALSE(nlohmann::json::parse(HeadTableJson(table)).at(0).contains("induction"));
}

TEST(HeadTable, ANarrowTerminalLosesColumnsButNeverNameAndTypeAndIsTold) {
  const HeadTable table = {.probed = true, .rows = {Row(2, 3, 0.1, 0.75)}};
  const std::string wide = HeadTableText(table, {.columns = 80});
  EXPECT_THAT(wide, HasSubstr("conf"));
  EXPECT_THAT(wide, Not(HasSubstr("More columns")));
  const std::string narrow = HeadTableText(table, {.columns = 30, .unicode = false});
  EXPECT_THAT(narrow, HasSubstr("L2H3"));
  EXPECT_THAT(narrow, HasSubstr("0.750 induction"));
  EXPECT_THAT(narrow, Not(HasSubstr("conf")));
  EXPECT_THAT(narrow, HasSubstr("More columns"));
  std::size_t begin = 0;
  while (begin < narrow.size()) {
    const std::size_t end = narrow.find('\n', begin);
    EXPECT_LE(end - begin, 30U);
    begin = end + 1;
  }
}

TEST(NumbersText, ZeroHasNoSign) {
  EXPECT_EQ(FixedNumber(-0.0004, 3), "0.000");
  EXPECT_EQ(FixedNumber(-0.0006, 3), "-0.001");
  EXPECT_EQ(SignedNumber(0.0004, 3), "0.000");
  EXPECT_EQ(SignedNumber(0.0006, 3), "+0.001");
}

TEST(NumbersText, ExactNumbersReadBack) {
  EXPECT_EQ(ExactNumber(0.1), "0.1");
  EXPECT_EQ(std::stod(ExactNumber(1.0 / 3.0)), 1.0 / 3.0);
}

}  // namespace
}  // namespace fovea::dump
