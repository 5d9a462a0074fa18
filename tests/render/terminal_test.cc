#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <regex>
#include <sstream>

#include "tests/render/test_maps.h"
#include "tools/attention-dump/render/label_text.h"
#include "tools/attention-dump/render/render.h"

namespace fovea::dump {
namespace {

// Lines without the colour sequences that the renderer may write.
std::vector<std::string> PlainLines(const std::string& text) {
  static const std::regex colors("\x1b\\[(0|[34]8;5;[0-9]+|[34]8;2;[0-9]+;[0-9]+;[0-9]+)m");
  std::vector<std::string> lines;
  std::istringstream stream(std::regex_replace(text, colors, ""));
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(TerminalTest, NoLineIsWiderThanTheTerminalAndNoControlCharacterGetsOut) {
  for (const std::size_t tokens : {1U, 2U, 5U, 12U, 13U, 33U, 34U, 70U, 71U, 200U, 512U}) {
    const MapSet maps = SinkMaps(tokens, 1, 1);
    DumpInfo info = InfoFor(maps, HostilePieces());
    info.model.name = "\x1b[31m" + std::string(300, 'm');
    for (const std::size_t columns : {0U, 20U, 21U, 40U, 79U, 80U, 132U, 250U}) {
      for (const int mode : {0, 1, 2, 3, 4}) {
        const TerminalOptions options = {.columns = columns,
                                         .color = mode < 3,
                                         .unicode = mode % 2 == 0,
                                         .true_color = mode == 2};
        const auto lines = PlainLines(RenderTerminal(info, maps, 0, 0, options));
        ASSERT_GE(lines.size(), 4U);
        for (const std::string& line : lines) {
          ASSERT_LE(DisplayWidth(line), std::max<std::size_t>(columns, 20)) << line;
          ASSERT_TRUE(std::none_of(line.begin(), line.end(), [](char c) {
            return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
          })) << line;
          ASSERT_EQ(line.find("\xc2\x9b"), std::string::npos);
          if (!options.unicode) {
            ASSERT_TRUE(std::all_of(line.begin(), line.end(), [](char c) {
              return static_cast<unsigned char>(c) < 0x80;
            })) << line;
          }
        }
      }
    }
  }
}

TEST(TerminalTest, ShortTextsShowTheirTokensAndNumbers) {
  const MapSet maps = SinkMaps(4, 1, 1);
  const auto lines =
      PlainLines(RenderTerminal(InfoFor(maps, {"<s>", "the", "日本", "mat"}), maps, 0, 0, {}));
  ASSERT_EQ(lines.size(), 7U);
  EXPECT_THAT(lines[0], testing::StartsWith("L0H0"));
  EXPECT_THAT(lines[1], testing::AllOf(testing::HasSubstr("the"), testing::HasSubstr("日本")));
  EXPECT_EQ(lines[3], "the   .50  .50   ·    ·  ");
  EXPECT_EQ(lines[4], "日本  .50  .25  .25   ·  ");
}

TEST(TerminalTest, WithoutColourARampAndNoEscapeSequence) {
  const MapSet maps = SinkMaps(30, 1, 1);
  const std::string text =
      RenderTerminal(InfoFor(maps), maps, 0, 0, {.color = false, .unicode = false});
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  const auto lines = PlainLines(text);
  EXPECT_THAT(lines[2], testing::HasSubstr("@@"));     // weight 1
  EXPECT_THAT(lines[31], testing::HasSubstr("++.."));  // 0.5, then 0.017
}

TEST(TerminalTest, AMaskedCellDiffersFromAZero) {
  MapSet maps = SinkMaps(3, 1, 1);
  maps.weights = {1, 0, 0, 1, 0, 0, 1, 0, 0};
  const auto lines =
      PlainLines(RenderTerminal(InfoFor(maps), maps, 0, 0, {.color = false, .unicode = false}));
  EXPECT_EQ(lines[2], "t0 @1.0           ");
  EXPECT_EQ(lines[3], "t1 @1.0   .       ");
}

TEST(TerminalTest, PoolingKeepsTheLargestWeight) {
  MapSet maps = SinkMaps(300, 1, 1);
  std::fill(maps.weights.begin(), maps.weights.end(), 0.0F);
  maps.weights[250 * 300 + 100] = 1.0F;
  const std::string text =
      RenderTerminal(InfoFor(maps), maps, 0, 0, {.color = false, .unicode = false});
  const std::string map = text.substr(0, text.rfind("\n0 "));  // without the legend
  EXPECT_EQ(std::count(map.begin(), map.end(), '@'), 1);
}

TEST(TerminalTest, NotANumberIsShownAsSuch) {
  MapSet maps = SinkMaps(2, 1, 1);
  maps.weights[0] = std::nanf("");
  EXPECT_THAT(RenderTerminal(InfoFor(maps), maps, 0, 0, {.color = false}),
              testing::HasSubstr("nan"));
}

TEST(TerminalTest, AHeadThatDoesNotExistGivesNothing) {
  const MapSet maps = SinkMaps(2, 1, 1);
  EXPECT_EQ(RenderTerminal(InfoFor(maps), maps, 1, 0, {}), "");
  EXPECT_EQ(RenderTerminal(InfoFor(maps), maps, 0, 1, {}), "");
  EXPECT_EQ(RenderTerminal(InfoFor(MapSet()), MapSet(), 0, 0, {}), "");
}

}  // namespace
}  // namespace fovea::dump
