#include "tools/attention-dump/output/text_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "fovea/half.h"
#include "tests/tools/example_dump.h"

namespace fovea::dump {
namespace {

using testing::StartsWith;

TEST(TextFiles, JsonReadsBackToTheStoredPrecision) {
  for (const bool half : {true, false}) {
    DumpInfo info = ExampleInfo();
    info.half = half;
    const MapSet maps = ExampleMaps();
    const nlohmann::json json = nlohmann::json::parse(RenderJson(info, maps));
    EXPECT_EQ(json["metadata"]["text"], "a b");
    for (std::size_t layer = 0; layer < 2; ++layer) {
      for (std::size_t cell = 0; cell < 9; ++cell) {
        const float weight = maps.Map(layer, 0)[cell];
        const float read = json["attention"][layer][0][cell / 3][cell % 3].get<float>();
        if (!half) {
          EXPECT_EQ(read, weight);
        } else {
          EXPECT_EQ(FloatToHalf(read), FloatToHalf(weight));
        }
      }
    }
  }
}

TEST(TextFiles, FiveDigitsTellAllHalvesApart) {
  DumpInfo info = ExampleInfo();
  MapSet maps = ExampleMaps();
  maps.layers = info.layers = {0};
  maps.windows = {};
  maps.tokens = 64;
  maps.weights.resize(64 * 64);
  for (std::uint32_t begin = 0; begin < 0x7C00; begin += 4096) {  // every finite half
    for (std::uint32_t i = 0; i < 4096; ++i) {
      maps.weights[i] = HalfToFloat(static_cast<std::uint16_t>(std::min(begin + i, 0x7BFFU)));
    }
    const nlohmann::json json = nlohmann::json::parse(RenderJson(info, maps));
    for (std::size_t i = 0; i < 4096; ++i) {
      const float read = json["attention"][0][0][i / 64][i % 64].get<float>();
      ASSERT_EQ(FloatToHalf(read), FloatToHalf(maps.weights[i])) << maps.weights[i];
    }
  }
}

TEST(TextFiles, CsvHasALinePerVisibleCell) {
  std::istringstream csv(RenderCsv(ExampleInfo(), ExampleMaps()));
  std::string line;
  std::getline(csv, line);
  ASSERT_THAT(line, StartsWith("# {"));
  EXPECT_EQ(nlohmann::json::parse(line.substr(2))["text"], "a b");
  std::getline(csv, line);
  EXPECT_EQ(line, "layer,head,query,key,query_token,key_token,weight");
  std::vector<std::string> lines;
  while (std::getline(csv, line)) lines.push_back(line);
  ASSERT_EQ(lines.size(), 6U + 5U);  // a triangle, and one with a window of 2
  EXPECT_EQ(lines[0], "4,3,0,0,\"<s>\",\"<s>\",1");
  EXPECT_EQ(lines[5], "4,3,2,2,\",\"\"b\",\",\"\"b\",0.7002");
  EXPECT_EQ(lines[9], "6,3,2,1,\",\"\"b\",\"a\",0.099976");
}

TEST(TextFiles, NanIsLegalInBoth) {
  MapSet maps = ExampleMaps();
  maps.weights[0] = std::numeric_limits<float>::quiet_NaN();
  const std::string json = RenderJson(ExampleInfo(), maps);
  EXPECT_TRUE(nlohmann::json::parse(json)["attention"][0][0][0][0].is_null());
  EXPECT_NE(RenderCsv(ExampleInfo(), maps).find("\"<s>\",nan\n"), std::string::npos);
}

TEST(TextFiles, EstimatesAreOfTheRightSize) {
  DumpInfo info = ExampleInfo();
  MapSet maps;
  maps.tokens = 64;
  maps.layers = info.layers;
  maps.heads = info.heads;
  info.tokens.pieces.assign(64, "\xE2\x90\xA3word");
  for (std::size_t q = 0; q < 128; ++q) {
    for (std::size_t k = 0; k < 64; ++k) {
      maps.weights.push_back(k <= q % 64 ? 1.0F / static_cast<float>(q % 64 + 1) : 0.0F);
    }
  }
  const double json =
      EstimateJsonBytes(2, 1, 64) / static_cast<double>(RenderJson(info, maps).size());
  const double csv = EstimateCsvBytes(2, 1, 64) / static_cast<double>(RenderCsv(info, maps).size());
  EXPECT_GT(json, 0.5);
  EXPECT_LT(json, 2.0);
  EXPECT_GT(csv, 0.5);
  EXPECT_LT(csv, 2.0);
}

}  // namespace
}  // namespace fovea::dump
