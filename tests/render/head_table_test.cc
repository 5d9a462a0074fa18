#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <sstream>

#include "tools/attention-dump/render/label_text.h"
#include "tools/attention-dump/render/render.h"

namespace fovea::dump {
namespace {

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

HeadStatistics Head(std::size_t layer, std::size_t head) {
  return {.layer = layer, .head = head, .kv_head = head / 2, .rows = 8};
}

TEST(HeadTableTest, PutsNameableHeadsFirstAndTheRestByConfidence) {
  std::vector<HeadStatistics> heads = {Head(0, 0), Head(0, 1), Head(1, 0), Head(1, 1), Head(2, 0)};
  heads[0].confidence = 0.2;
  heads[1].confidence = 0.4;
  heads[2].first_token = 0.8;
  heads[3].previous_token = 0.5;
  heads[4].induction = 0.6;
  const auto lines = Lines(RenderHeadTable(heads, {}, 10));
  ASSERT_EQ(lines.size(), 6U);
  const std::vector<std::string> order = {"L2H0", "L1H1", "L1H0", "L0H1", "L0H0"};
  for (std::size_t i = 0; i < order.size(); ++i) {
    EXPECT_THAT(lines[i + 1], testing::StartsWith(order[i]));
  }
  EXPECT_THAT(lines[0], testing::HasSubstr("induct"));
}

TEST(HeadTableTest, SaysHowManyHeadsAreLeftOut) {
  const std::vector<HeadStatistics> heads(30, Head(0, 0));
  const auto lines = Lines(RenderHeadTable(heads, {}, 4));
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_EQ(lines.back(), "and 26 more");
}

TEST(HeadTableTest, FitsTheColumnsWhateverTheNumbers) {
  std::vector<HeadStatistics> heads = {Head(1023, 999), Head(3, 5)};
  heads[0].entropy = std::numeric_limits<double>::quiet_NaN();
  heads[0].mean_distance = std::numeric_limits<double>::infinity();
  heads[0].kv_head = 99999;
  heads[1].mean_distance = -12345678.0;
  heads[1].induction = 0.5;
  for (std::size_t columns = 0; columns < 140; ++columns) {
    for (const std::string& line : Lines(RenderHeadTable(heads, {.columns = columns}, 10))) {
      EXPECT_LE(DisplayWidth(line), std::max<std::size_t>(columns, 20)) << line;
    }
  }
}

TEST(HeadTableTest, NoHeadsGiveAHeaderOnly) {
  EXPECT_EQ(Lines(RenderHeadTable({}, {}, 10)).size(), 1U);
}

}  // namespace
}  // namespace fovea::dump
