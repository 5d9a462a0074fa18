#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <utf8proc.h>

#include "tests/render/test_maps.h"
#include "tools/attention-dump/render/render.h"

namespace fovea::dump {
namespace {

// Empty if `xml` is well-formed as far as this module could break it: one root, balanced tags,
// quoted attributes, known entities, no stray markup, no control characters, valid UTF-8.
std::string XmlProblem(std::string_view xml) {
  std::size_t roots = 0;
  std::vector<std::string> open;
  for (std::size_t i = 0; i < xml.size();) {
    const auto byte = static_cast<unsigned char>(xml[i]);
    if (byte < 0x20 && byte != '\n') return "control character";
    if (xml[i] == '&') {
      const std::string_view entity = xml.substr(i, xml.find(';', i) - i + 1);
      if (entity != "&amp;" && entity != "&lt;" && entity != "&gt;" && entity != "&quot;" &&
          entity != "&#39;") {
        return "entity " + std::string(entity.substr(0, 10));
      }
      i += entity.size();
      continue;
    }
    if (xml[i] == '>') return "stray >";
    if (xml[i] != '<') {
      utf8proc_int32_t code = 0;
      const auto size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(xml.data()) + i,
                                         static_cast<utf8proc_ssize_t>(xml.size() - i), &code);
      if (size <= 0) return "invalid UTF-8";
      if (open.empty() && xml[i] != '\n') return "text outside of the root";
      i += static_cast<std::size_t>(size);
      continue;
    }
    std::size_t end = i + 1;
    bool quoted = false;
    for (; end < xml.size() && (quoted || xml[end] != '>'); ++end) {
      if (xml[end] == '"') quoted = !quoted;
      if (xml[end] == '<') return "< inside a tag";
    }
    if (end == xml.size()) return "unfinished tag";
    const std::string_view tag = xml.substr(i + 1, end - i - 1);
    const std::string name(tag.substr(0, tag.find_first_of(" /", 1)));
    if (tag.front() == '/') {
      if (open.empty() || open.back() != tag.substr(1)) return "unbalanced " + std::string(tag);
      open.pop_back();
    } else if (tag.front() != '?') {
      if (open.empty()) ++roots;
      if (tag.back() != '/') open.push_back(name);
    }
    i = end + 1;
  }
  if (!open.empty()) return "open " + open.back();
  return roots == 1 ? "" : "not one root";
}

TEST(SvgTest, HoldsItsLabelsEscaped) {
  const MapSet maps = SinkMaps(4, 1, 1);
  const std::string svg = RenderSvg(InfoFor(maps, {"<s>", "a&b", "\"q\"", "日本"}), maps,
                                    {.title = "the <title> & more"});
  EXPECT_EQ(XmlProblem(svg), "");
  for (const char* text : {">&lt;s&gt;<", ">a&amp;b<", ">&quot;q&quot;<", ">日本<", ">L0H0<",
                           ">the &lt;title&gt; &amp; more<"}) {
    EXPECT_THAT(svg, testing::HasSubstr(text));
  }
}

TEST(SvgTest, IsWellFormedForEveryShapeAndHostileText) {
  for (const std::size_t tokens : {1U, 5U, 16U, 65U, 130U}) {
    for (const std::size_t heads : {1U, 3U}) {
      const MapSet maps = SinkMaps(tokens, heads, heads);
      DumpInfo info = InfoFor(maps, HostilePieces());
      for (const std::string& hostile : HostilePieces()) {
        ASSERT_EQ(XmlProblem(RenderSvg(info, maps, {.title = hostile, .drop_first = true})), "");
        ASSERT_EQ(XmlProblem(RenderComparisonSvg(info, maps, maps, hostile, hostile, {})), "");
      }
    }
  }
}

TEST(SvgTest, LargeMapsAreEmbeddedAsPictures) {
  const MapSet large = SinkMaps(128, 1, 1);
  const std::string svg = RenderSvg(InfoFor(large), large, {});
  EXPECT_THAT(svg, testing::HasSubstr("data:image/png;base64,iVBOR"));
  EXPECT_LT(svg.size(), 100'000U);
  const MapSet small = SinkMaps(32, 1, 1);
  EXPECT_THAT(RenderSvg(InfoFor(small), small, {}), testing::Not(testing::HasSubstr("<image")));
}

TEST(SvgTest, AnEmptySetGivesAnEmptyFigure) {
  EXPECT_EQ(XmlProblem(RenderSvg(InfoFor(MapSet()), MapSet(), {})), "");
}

}  // namespace
}  // namespace fovea::dump
