#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "tests/render/test_maps.h"
#include "tools/attention-dump/half.h"
#include "tools/attention-dump/render/render.h"

namespace fovea::dump {
namespace {

// The text of the script element with this id.
std::optional<std::string> Element(const std::string& page, const std::string& id) {
  const std::size_t at = page.find("id=\"" + id + "\">");
  if (at == std::string::npos) return std::nullopt;
  const std::size_t begin = page.find('>', at) + 1;
  return page.substr(begin, page.find("</script>", begin) - begin);
}

std::string FromBase64(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    if (c == '=') break;
    group = (group << 6 | static_cast<std::uint32_t>(digits.find(c))) & 0xFFFFFFU;
    bits += 6;
    if (bits >= 8) out.push_back(static_cast<char>((group >> (bits -= 8)) & 0xFF));
  }
  return out;
}

std::string InflateRaw(std::string packed, std::size_t size) {
  std::string out(size + 1, '\0');
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return "";
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = inflate(&stream, Z_FINISH);
  out.resize(out.size() - stream.avail_out);
  inflateEnd(&stream);
  return result == Z_STREAM_END ? out : "";
}

// Checks the embedded weights of one set, bit by bit.
void ExpectRoundTrip(const std::string& page, const MapSet& maps, const std::string& prefix,
                     std::size_t width) {
  for (std::size_t layer = 0; layer < maps.layers.size(); ++layer) {
    for (std::size_t head = 0; head < maps.heads.size(); ++head) {
      std::vector<std::uint32_t> expected;
      for (std::size_t query = 0; query < maps.tokens; ++query) {
        for (std::size_t key = 0; key < maps.tokens; ++key) {
          if (!maps.Visible(layer, query, key)) continue;
          const float weight = maps.Map(layer, head)[query * maps.tokens + key];
          expected.push_back(width == 2 ? HalfFromFloat(weight)
                                        : std::bit_cast<std::uint32_t>(weight));
        }
      }
      const auto text =
          Element(page, prefix + "-" + std::to_string(layer) + "-" + std::to_string(head));
      ASSERT_TRUE(text);
      const std::string planes = InflateRaw(FromBase64(*text), expected.size() * width);
      ASSERT_EQ(planes.size(), expected.size() * width);
      for (std::size_t i = 0; i < expected.size(); ++i) {
        std::uint32_t bits = 0;
        for (std::size_t plane = 0; plane < width; ++plane) {
          bits = bits << 8 | static_cast<unsigned char>(planes[plane * expected.size() + i]);
        }
        ASSERT_EQ(bits, expected[i]);
      }
    }
  }
}

std::size_t Count(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST(PageTest, WeightsRoundTripInBothPrecisions) {
  MapSet maps = SinkMaps(37, 2, 3);
  maps.windows = {0, 5};
  maps.weights[0] = std::nanf("");
  DumpInfo info = InfoFor(maps);
  ExpectRoundTrip(RenderPage(info, maps, nullptr), maps, "map", 2);
  info.precision = "f32";
  ExpectRoundTrip(RenderPage(info, maps, nullptr), maps, "map", 4);
}

TEST(PageTest, HoldsTheBidirectionalMapsOnlyWhenGiven) {
  const MapSet maps = SinkMaps(9, 2, 2);
  const MapSet full = SinkMaps(9, 2, 2, false);
  const std::string page = RenderPage(InfoFor(maps), maps, &full);
  ExpectRoundTrip(page, full, "full", 2);
  EXPECT_FALSE(Element(RenderPage(InfoFor(maps), maps, nullptr), "full-0-0"));
}

TEST(PageTest, NamesNoAddressOnTheNetwork) {
  const MapSet maps = SinkMaps(9, 2, 2);
  const std::string page = RenderPage(InfoFor(maps), maps, nullptr);
  EXPECT_EQ(page.find("http://"), std::string::npos);
  EXPECT_EQ(page.find("https://"), std::string::npos);
  EXPECT_EQ(page.find("@import"), std::string::npos);
  EXPECT_EQ(page.find(" src="), std::string::npos);
  EXPECT_THAT(page, testing::HasSubstr("default-src 'none'"));
}

TEST(PageTest, HostileTextStaysText) {
  const std::vector<std::string> hostile = HostilePieces();
  const MapSet maps = SinkMaps(hostile.size(), 1, 2);
  DumpInfo info = InfoFor(maps, hostile);
  info.model.name = "</title><script>alert(1)</script>{{script}}";
  info.model_hash = "</script>";
  const std::string page = RenderPage(info, maps, nullptr);
  // As many script elements as the template and the maps have: info, two maps, the script.
  EXPECT_EQ(Count(page, "<script"), 4U);
  EXPECT_EQ(Count(page, "</script"), 4U);
  EXPECT_EQ(Count(page, "</title"), 1U);
  EXPECT_EQ(Count(page, "<!--"), 0U);
  const auto text = Element(page, "info");
  ASSERT_TRUE(text);
  for (const char c : *text) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
  const nlohmann::json json = nlohmann::json::parse(*text, nullptr, false);
  ASSERT_FALSE(json.is_discarded());
  EXPECT_EQ(json["name"], info.model.name);
  ASSERT_EQ(json["tokens"].size(), hostile.size());
  for (std::size_t i = 0; i < hostile.size(); ++i) {
    if (hostile[i].find('\xff') != std::string::npos) continue;  // not UTF-8: replaced
    EXPECT_EQ(json["tokens"][i], hostile[i]);
  }
}

TEST(PageTest, KeepsOriginalNumbersOfLayersHeadsAndKvHeads) {
  MapSet maps = SinkMaps(3, 2, 2);
  DumpInfo info = InfoFor(maps);
  maps.layers = info.layers = {3, 7};
  maps.heads = info.heads = {5, 1};
  info.kv_head = {2, 0};
  const nlohmann::json json =
      nlohmann::json::parse(Element(RenderPage(info, maps, nullptr), "info").value_or(""));
  EXPECT_EQ(json["layers"], (std::vector<int>{3, 7}));
  EXPECT_EQ(json["heads"], (std::vector<int>{5, 1}));
  EXPECT_EQ(json["kv_head"], (std::vector<int>{2, 0}));
}

TEST(PageTest, EveryShapeIsWritten) {
  for (const std::size_t tokens : {1U, 2U, 64U}) {
    const MapSet maps = SinkMaps(tokens, 30, 9);
    ExpectRoundTrip(RenderPage(InfoFor(maps), maps, nullptr), maps, "map", 2);
  }
  const MapSet large = SinkMaps(512, 1, 1);
  ExpectRoundTrip(RenderPage(InfoFor(large), large, nullptr), large, "map", 2);
}

}  // namespace
}  // namespace fovea::dump
