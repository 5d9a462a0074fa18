#include "tools/attention-dump/output/reduced_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/tools/example_dump.h"

namespace fovea::dump {
namespace {

/// The two largest of every row of ExampleMaps.
TopKMaps ExampleTopK() {
  TopKMaps maps;
  maps.tokens = 3;
  maps.k = 2;
  maps.keys = {0, -1, 1, 0, 2, 1, 0, -1, 1, 0, 2, 1};
  maps.weights = {1, 0, 0.7F, 0.3F, 0.7F, 0.2F, 1, 0, 0.7F, 0.3F, 0.9F, 0.1F};
  maps.residuals = {0, 0, 0.125F, 0, 0, 0};
  return maps;
}

PooledMaps ExamplePooled() {
  PooledMaps pooled;
  for (MapSet* maps : {&pooled.largest, &pooled.mean}) {
    maps->tokens = 3;
    maps->block = 2;
    maps->layers = {4, 6};
    maps->heads = {3};
    maps->windows = {0, 1};  // in layer 6 the two blocks do not see each other
  }
  pooled.largest.weights = {1, 0, 0.5F, 0.75F, 1, 0, 0, 1};
  pooled.mean.weights = {0.5F, 0, 0.25F, 0.75F, 1, 0, 0, 1};
  return pooled;
}

TEST(ReducedText, JsonListsTheKeysAndWeightsThatARowHas) {
  const TopKMaps top_k = ExampleTopK();
  const nlohmann::json json =
      nlohmann::json::parse(RenderReducedJson(ExampleInfo(), &top_k, nullptr));
  EXPECT_EQ(json["metadata"]["format"], "fovea-attention");
  EXPECT_FALSE(json.contains("pooled_max"));
  ASSERT_EQ(json["top_k"].size(), 2U);
  EXPECT_EQ(json["top_k"][0][0][0]["keys"], nlohmann::json::array({0}));
  const nlohmann::json& row = json["top_k"][0][0][2];
  EXPECT_EQ(row["keys"], nlohmann::json({2, 1}));
  EXPECT_NEAR(row["weights"][0].get<double>(), 0.7, 0.0005);  // a half
  EXPECT_EQ(row["residual"], 0.125);
}

TEST(ReducedText, JsonOfPooledMapsIsSquare) {
  const PooledMaps pooled = ExamplePooled();
  const nlohmann::json json =
      nlohmann::json::parse(RenderReducedJson(ExampleInfo(), nullptr, &pooled));
  EXPECT_FALSE(json.contains("top_k"));
  EXPECT_EQ(json["pooled_max"][0][0], nlohmann::json({{1, 0}, {0.5, 0.75}}));
  EXPECT_EQ(json["pooled_mean"][0][0], nlohmann::json({{0.5, 0}, {0.25, 0.75}}));
}

std::vector<std::string> LinesOf(const std::string& csv) {
  std::vector<std::string> lines;
  std::istringstream text(csv);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

TEST(ReducedText, CsvOfTopKHasALinePerKeptWeight) {
  const auto lines = LinesOf(RenderTopKCsv(ExampleInfo(), ExampleTopK()));
  ASSERT_EQ(lines.size(), 2U + 10U);
  EXPECT_EQ(lines[1], "layer,head,query,key,query_token,key_token,weight,residual");
  EXPECT_EQ(lines[2], "4,3,0,0,\"<s>\",\"<s>\",1,0");
  EXPECT_EQ(lines[6], "4,3,2,1,\",\"\"b\",\"a\",0.19995,0.125");
}

TEST(ReducedText, CsvOfPooledMapsHasALinePerVisibleBlock) {
  const auto lines = LinesOf(RenderPooledCsv(ExampleInfo(), ExamplePooled()));
  ASSERT_EQ(lines.size(), 2U + 3U + 2U);
  EXPECT_EQ(lines[2], "4,3,0,2,0,2,1,0.5");
  EXPECT_EQ(lines[3], "4,3,2,3,0,2,0.5,0.25");
  EXPECT_EQ(lines[6], "6,3,2,3,2,3,1,1");
}

}  // namespace
}  // namespace fovea::dump
