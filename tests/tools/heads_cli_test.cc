// `attention-dump heads` from outside.
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/tools/attention_dump_cli.h"

namespace fovea::dump {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr int kFailure = 1;
constexpr int kUsage = 2;

class HeadsCli : public AttentionDumpCli {};

TEST_F(HeadsCli, ShowsEveryHeadInEightyColumns) {
  const std::string output = Good({"heads"});
  EXPECT_EQ(std::count(output.begin(), output.end(), '\n'), 2 + 5 * 8);
  EXPECT_THAT(output, HasSubstr("\nL4H7 "));
  EXPECT_THAT(output, HasSubstr("entropy"));
}

TEST_F(HeadsCli, TheProbeFindsTheInductionHeadsOfTheShippedModel) {
  Good({"heads", kShippedModel, "--probe", "--sort", "induction", "-o", Path("h.json")});
  const auto json = nlohmann::json::parse(Whole("h.json"));
  EXPECT_EQ(json.at("format"), "fovea-heads");
  EXPECT_EQ(json.at("probe").at("period"), 64);
  EXPECT_EQ(json.at("token_ids").size(), 129U);
  EXPECT_EQ(json.at("heads").size(), 40U);
  const auto& best = json.at("heads").at(0);
  EXPECT_EQ(best.at("layer"), 3);
  EXPECT_GT(best.at("induction"), 0.9);
  EXPECT_EQ(best.at("type"), "induction");
  EXPECT_EQ(json.at("trust_stamp").at("weight_type"), "Q8_0");
  EXPECT_LT(json.at("trust_stamp").at("row_sum_error"), 1e-4);
}

TEST_F(HeadsCli, NumbersAreThoseOfTheMaps) {
  Good({"heads", "--text", "The dog sat by the fire.", "--layers", "2", "--heads", "3", "-o",
        Path("h.json")});
  Good({"--text", "The dog sat by the fire.", "--layers", "2", "--heads", "3", "--precision", "f32",
        "-o", Path("m.json")});
  const auto maps = nlohmann::json::parse(Whole("m.json"));
  const auto& map = maps.at("attention").at(0).at(0);
  double previous = 0.0;
  for (std::size_t q = 1; q < map.size(); ++q) previous += map.at(q).at(q - 1).get<double>();
  previous /= static_cast<double>(map.size() - 1);
  const auto heads = nlohmann::json::parse(Whole("h.json")).at("heads");
  ASSERT_EQ(heads.size(), 1U);
  EXPECT_NEAR(heads.at(0).at("previous").get<double>(), previous, 1e-5);
  EXPECT_EQ(heads.at(0).at("kv_head"), 1);
}

TEST_F(HeadsCli, EveryHeadIsRankedByWhatItsAblationCosts) {
  Good({"heads", "--ablate-all", "-o", Path("h.json")});
  const auto json = nlohmann::json::parse(Whole("h.json"));
  EXPECT_EQ(json.at("ablation"), "zero");
  EXPECT_GT(json.at("loss"), 0.0);
  const auto& heads = json.at("heads");
  ASSERT_EQ(heads.size(), 40U);
  for (std::size_t i = 1; i < heads.size(); ++i) {
    EXPECT_GE(heads[i - 1].at("loss_change"), heads[i].at("loss_change"));
  }
  EXPECT_GT(heads[0].at("loss_change"), 0.0);
  EXPECT_GT(heads[0].at("divergence"), 0.0);
  Good({"heads", "--ablate-all", "--ablation", "mean", "--layers", "2", "--heads", "3", "-o",
        Path("mean.json")});
  const auto mean = nlohmann::json::parse(Whole("mean.json"));
  ASSERT_EQ(mean.at("heads").size(), 1U);
  EXPECT_NE(mean.at("heads")[0].at("loss_change"), heads[0].at("loss_change"));
}

TEST_F(HeadsCli, APageHoldsTheScores) {
  Good({"heads", "--probe", "--ablate-all", "--layers", "3", "-o", Path("h.html")});
  const std::string page = Whole("h.html");
  for (const char* part : {"\"type\":\"induction\"", "\"effect\":0.", "\"induction\":0.9"}) {
    EXPECT_TRUE(page.find(part) != std::string::npos) << part;  // the page itself is too long
  }
}

TEST_F(HeadsCli, ACsvCanBeSortedAndCut) {
  EXPECT_THAT(Good({"heads", "--sort", "first", "--top", "2", "-o", Path("h.csv")}),
              HasSubstr("h.csv"));
  const std::string csv = Whole("h.csv");
  EXPECT_THAT(csv, StartsWith("layer,head,kv_head,entropy"));
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 3);
}

TEST_F(HeadsCli, HelpHasExamplesAndTheMainHelpNamesTheSubcommand) {
  EXPECT_THAT(Good({"heads", "--help"}), HasSubstr("Usage: attention-dump heads"));
  EXPECT_THAT(Good({"--help"}), HasSubstr("attention-dump heads"));
}

TEST_F(HeadsCli, AModelFileThatIsCalledHeadsIsReachable) {
  EXPECT_THAT(ErrorOf({"./heads"}, kFailure), StartsWith("./heads: No such file"));
}

TEST_F(HeadsCli, WrongArgumentsSayWhatWouldBeRight) {
  EXPECT_THAT(ErrorOf({"heads", "--sort", "beauty"}, kUsage),
              HasSubstr("there is no column 'beauty'; there are position, entropy"));
  EXPECT_THAT(ErrorOf({"heads", "--sort", "induction"}, kUsage), HasSubstr("with --probe only"));
  EXPECT_THAT(ErrorOf({"heads", "--probe", "--text", "a"}, kUsage), StartsWith("--probe: brings"));
  EXPECT_THAT(ErrorOf({"heads", "--probe-length", "9"}, kUsage), HasSubstr("needs --probe"));
  EXPECT_THAT(ErrorOf({"heads", "--ablation", "mean"}, kUsage), HasSubstr("needs --ablate-all"));
  EXPECT_THAT(ErrorOf({"heads", "--ablate-all", "--ablation", "half"}, kUsage),
              HasSubstr("'half' is neither zero nor mean"));
  EXPECT_THAT(ErrorOf({"heads", "--sort", "divergence"}, kUsage),
              HasSubstr("with --ablate-all only"));
  EXPECT_THAT(ErrorOf({"heads", "--top", "0"}, kUsage), StartsWith("--top: '0' is not"));
  EXPECT_THAT(ErrorOf({"heads", "-o", Path("h.png")}, kUsage), HasSubstr(".csv or .json"));
  EXPECT_THAT(ErrorOf({"heads", "--generate", "3"}, kUsage), HasSubstr("unknown option"));
  EXPECT_THAT(ErrorOf({"heads", "--sort"}, kUsage), HasSubstr("see attention-dump heads --help"));
}

TEST_F(HeadsCli, WhatTheModelLacksIsNamed) {
  EXPECT_THAT(ErrorOf({"heads", "--layers", "5"}, kFailure),
              HasSubstr("layer 5 does not exist; the model has layers 0 to 4"));
  EXPECT_THAT(ErrorOf({"heads", "--heads", "8", "-o", Path("h.csv")}, kFailure),
              HasSubstr("the model has heads 0 to 7"));
  EXPECT_THAT(ErrorOf({"heads", "--ablate-all", "--tokens", "5"}, kFailure),
              HasSubstr("needs at least two"));
  EXPECT_THAT(ErrorOf({"heads", "--probe", "--probe-length", "300"}, kFailure),
              HasSubstr("at most 255"));
}

}  // namespace
}  // namespace fovea::dump
