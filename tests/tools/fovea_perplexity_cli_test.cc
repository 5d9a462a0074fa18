// fovea perplexity from outside.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/tools/fovea_cli.h"

namespace fovea::dump {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kProse = FOVEA_SOURCE_DIR "/tests/golden/data/prose.txt";

TEST_F(FoveaCli, PerplexityScoresEveryTokenOfAText) {
  const std::vector<std::string> arguments = {"perplexity", kModel, "--file", kProse,
                                              "--context",  "64",   "--json"};
  const auto json = nlohmann::json::parse(Good(arguments));
  const auto ids = nlohmann::json::parse(Good({"tokenize", kModel, "--file", kProse}));
  EXPECT_EQ(json["tokens"], ids.size() - 1);  // All but BOS.
  EXPECT_EQ(json["context"], 64);
  EXPECT_EQ(json["stride"], 32);
  EXPECT_EQ(json["bos"], true);
  EXPECT_GT(json["perplexity"], 1.0);
  EXPECT_LT(json["perplexity"], 2048.0);  // The vocabulary: better than chance.
  auto more_context = arguments;
  more_context[5] = "200";
  EXPECT_LT(nlohmann::json::parse(Good(more_context))["perplexity"], json["perplexity"]);
}

TEST_F(FoveaCli, PerplexityReadsStandardInputAndPrintsALine) {
  const std::string text = "The old man went down to the river.";
  const std::string line = Good({"perplexity", kModel, "--file", "-"}, text);
  EXPECT_THAT(line, StartsWith("perplexity "));
  EXPECT_THAT(line, HasSubstr("tokens scored"));
  EXPECT_THAT(line, HasSubstr("windows of 512 tokens every 256"));
}

TEST_F(FoveaCli, PerplexityHonoursKernelsCacheAndArithmetic) {
  const auto exact =
      nlohmann::json::parse(Good({"perplexity", kModel, "--file", kProse, "--exact", "--isa",
                                  "scalar", "--kv", "f32", "--stride", "100", "--json"}));
  EXPECT_EQ(exact["isa"], "scalar");
  EXPECT_EQ(exact["arithmetic"], "exact");
  EXPECT_EQ(exact["kv"], "f32");
  const auto fast = nlohmann::json::parse(
      Good({"perplexity", kModel, "--file", kProse, "--stride", "100", "--json"}));
  EXPECT_EQ(fast["arithmetic"], "fast");
  const double ratio = fast["perplexity"].get<double>() / exact["perplexity"].get<double>();
  EXPECT_NEAR(ratio, 1.0, 0.005);
}

TEST_F(FoveaCli, PerplexityErrorsAreOneLine) {
  const std::string missing = scratch_.Path("no.txt");
  EXPECT_THAT(ErrorOf({"perplexity", kModel, "--file", missing}, 1), HasSubstr(missing));
  EXPECT_THAT(ErrorOf({"perplexity", missing, "--file", kProse}, 1), HasSubstr(missing));
  EXPECT_THAT(ErrorOf({"perplexity", kModel, "--file", "-"}, 1), HasSubstr("too short"));
  EXPECT_THAT(ErrorOf({"perplexity", kModel, "--file", "-"}, 1, "a\xFF"),
              HasSubstr("standard input: "));
  EXPECT_THAT(ErrorOf({"perplexity", kModel, "--file", kProse, "--context", "1"}, 1),
              HasSubstr("--context"));
  EXPECT_THAT(
      ErrorOf({"perplexity", kModel, "--file", kProse, "--context", "8", "--stride", "8"}, 1),
      HasSubstr("--stride"));
  ErrorOf({"perplexity", kModel}, 2);
  ErrorOf({"perplexity", kModel, "--file", kProse, "--stride", "0"}, 2);
}

}  // namespace
}  // namespace fovea::dump
