// attention-dump from outside where a cell is something else than a weight (--values, --rollout,
// --flow) or the model has lost heads (--ablate).
#include <nlohmann/json.hpp>

#include "tests/tools/attention_dump_cli.h"

namespace fovea::dump {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

constexpr int kFailure = 1;
constexpr int kUsage = 2;
constexpr const char* kText = "The old man fed the dog.";

class ViewsCli : public AttentionDumpCli {
 protected:
  /// The document of a run with these options over kText.
  Json Dump(std::vector<std::string> options) {
    options.insert(options.end(),
                   {"--text", kText, "--precision", "f32", "-q", "-o", Path("dump.json")});
    Good(options);
    return Json::parse(Whole("dump.json"));
  }
  static double Cell(const Json& map, std::size_t query, std::size_t key) {
    return key < map.at(query).size() && !map.at(query).at(key).is_null()
               ? map.at(query).at(key).get<double>()
               : 0.0;
  }
};

TEST_F(ViewsCli, ValueWeightedCellsAreWeightsTimesOneNumberPerKey) {
  const Json plain = Dump({"--layers", "2", "--heads", "4"});
  const Json valued = Dump({"--layers", "2", "--heads", "4", "--values"});
  EXPECT_EQ(plain.at("metadata").at("quantity"), "weight");
  EXPECT_EQ(valued.at("metadata").at("quantity"), "value-weighted");
  const Json& a = plain.at("attention").at(0).at(0);
  const Json& v = valued.at("attention").at(0).at(0);
  const std::size_t tokens = a.size();
  for (std::size_t key = 0; key < tokens; ++key) {
    const double norm = Cell(v, key, key) / Cell(a, key, key);
    EXPECT_GT(norm, 0.0);
    for (std::size_t query = key; query < tokens; ++query) {
      EXPECT_NEAR(Cell(v, query, key), norm * Cell(a, query, key), 1e-4 * norm);
    }
  }
}

TEST_F(ViewsCli, APageCanSwitchToValueWeightedCells) {
  Good({"--values", "--text", kText, "-o", Path("v.html")});
  EXPECT_TRUE(Whole("v.html").find("\"has_values\":true") != std::string::npos);
}

TEST_F(ViewsCli, RolloutIsTheProductOfMeanMapsWithTheResidual) {
  const Json plain = Dump({});
  const Json rolled = Dump({"--rollout"});
  EXPECT_EQ(rolled.at("metadata").at("quantity"), "rollout");
  const std::size_t tokens = plain.at("attention").at(0).at(0).size();
  std::vector<std::vector<double>> product(tokens, std::vector<double>(tokens, 0.0));
  for (std::size_t i = 0; i < tokens; ++i) product[i][i] = 1.0;
  for (const Json& layer : plain.at("attention")) {
    std::vector<std::vector<double>> next(tokens, std::vector<double>(tokens, 0.0));
    for (std::size_t query = 0; query < tokens; ++query) {
      for (std::size_t middle = 0; middle <= query; ++middle) {
        double weight = query == middle ? 1.0 : 0.0;
        for (const Json& head : layer) {
          weight += Cell(head, query, middle) / static_cast<double>(layer.size());
        }
        for (std::size_t key = 0; key <= middle; ++key) {
          next[query][key] += weight / 2 * product[middle][key];
        }
      }
    }
    product = next;
  }
  ASSERT_EQ(rolled.at("attention").size(), 1U);
  const Json& map = rolled.at("attention").at(0).at(0);
  for (std::size_t query = 0; query < tokens; ++query) {
    for (std::size_t key = 0; key <= query; ++key) {
      EXPECT_NEAR(Cell(map, query, key), product[query][key], 1e-4);
    }
  }
}

TEST_F(ViewsCli, FlowIsAtMostOneAndTheFirstTokenSeesOnlyItself) {
  const Json flow = Dump({"--flow", "--layers", "0,4"});
  ASSERT_EQ(flow.at("attention").size(), 2U);
  const Json& map = flow.at("attention").at(1).at(0);
  EXPECT_NEAR(Cell(map, 0, 0), 1.0, 1e-5);
  for (std::size_t query = 1; query < map.size(); ++query) {
    double largest = 0.0;
    for (std::size_t key = 0; key <= query; ++key) {
      largest = std::max(largest, Cell(map, query, key));
    }
    EXPECT_GT(largest, 0.0);
    EXPECT_LE(largest, 1.00001);
  }
}

TEST_F(ViewsCli, InfluenceIsShownInTheTerminalAndAsPicturesAndArrays) {
  EXPECT_THAT(Good({"--rollout"}), HasSubstr("depends most on (rollout)"));
  EXPECT_THAT(Good({"--flow", "--text", kText}), HasSubstr("depends most on (flow)"));
  Good({"--rollout", "--layers", "0-4", "-o", Path("r.png"), "-o", Path("r.svg"), "-o",
        Path("r.npz"), "-o", Path("r.csv")});
  const auto arrays = ReadNpz(Whole("r.npz"));
  EXPECT_EQ(arrays.at("attention").shape.at(0), 5U);
  EXPECT_EQ(arrays.at("attention").shape.at(1), 1U);
}

TEST_F(ViewsCli, AnAblationCostsWhatTheRankingSays) {
  const Json dump = Dump({"--ablate", "L2H3"});
  Good({"heads", "--text", kText, "--ablate-all", "--layers", "2", "--heads", "3", "-o",
        Path("heads.json")});
  const Json heads = Json::parse(Whole("heads.json"));
  const Json& ablation = dump.at("metadata").at("ablation");
  EXPECT_EQ(ablation.at("heads"), Json({"L2H3"}));
  EXPECT_NEAR(ablation.at("loss").at(0), heads.at("loss"), 1e-6);
  EXPECT_NEAR(ablation.at("loss").at(1).get<double>() - ablation.at("loss").at(0).get<double>(),
              heads.at("heads").at(0).at("loss_change"), 1e-6);
}

TEST_F(ViewsCli, AnAblationLeavesTheLayersBelowAndChangesThoseAbove) {
  const Json plain = Dump({});
  const Json ablated = Dump({"--ablate", "L2H3", "--ablation", "mean"});
  EXPECT_EQ(plain.at("attention").at(2), ablated.at("attention").at(2));
  EXPECT_NE(plain.at("attention").at(3), ablated.at("attention").at(3));
}

TEST_F(ViewsCli, AnAblationIsShownBesideTheWholeModel) {
  const std::string output = Good({"--ablate", "L2H3,L2H1"});
  EXPECT_THAT(output, StartsWith("Without L2H3, L2H1 (zeros in place of the output)\nloss "));
  EXPECT_THAT(output, HasSubstr("The same head with all heads in place"));
  EXPECT_THAT(Good({"--ablate", "L2H3", "--values", "-o", Path("a.png"), "-o", Path("a.svg")}),
              HasSubstr("a.png"));
  EXPECT_THAT(Whole("a.svg"), HasSubstr("left: all heads   right: without L2H3"));
  EXPECT_THAT(Whole("a.svg"), HasSubstr("rows divided by their sums"));
  Good({"--ablate", "L2H3", "-o", Path("a.html")});
  EXPECT_TRUE(Whole("a.html").find("\"ablation\"") != std::string::npos);
}

TEST_F(ViewsCli, FlagsThatDoNotGoTogetherSaySo) {
  const auto usage = [&](std::vector<std::string> arguments) {
    return ErrorOf(std::move(arguments), kUsage);
  };
  EXPECT_THAT(usage({"--rollout", "--flow"}), HasSubstr("give it without --flow"));
  EXPECT_THAT(usage({"--flow", "--heads", "1"}), HasSubstr("give it without --heads"));
  EXPECT_THAT(usage({"--rollout", "-o", Path("r.html")}), HasSubstr("not as .html"));
  EXPECT_THAT(usage({"--values", "--compare-mask"}), HasSubstr("without --compare-mask"));
  EXPECT_THAT(usage({"--ablate", "L1H1", "--generate", "2"}), HasSubstr("without --generate"));
  EXPECT_THAT(usage({"--ablate", "L1"}), HasSubstr("not a list of different heads like L3H5"));
  EXPECT_THAT(usage({"--ablation", "mean"}), HasSubstr("needs --ablate"));
  EXPECT_THAT(usage({"--ablate", "L1H1", "--ablation", "x"}), HasSubstr("neither zero nor mean"));
}

TEST_F(ViewsCli, WhatTheModelLacksAndWhatIsTooLongIsNamed) {
  EXPECT_THAT(ErrorOf({"--ablate", "L1H8"}, kFailure),
              HasSubstr("L1H8 does not exist; the model has heads L0H0 to L4H7"));
  EXPECT_THAT(ErrorOf({"--rollout", "--layers", "5"}, kFailure), HasSubstr("layers 0 to 4"));
  std::string text;
  for (int i = 0; i < 140; ++i) text += "dog ";
  EXPECT_THAT(ErrorOf({"--flow", "--text", text}, kFailure),
              HasSubstr("the limit is 128; --rollout takes more"));
}

}  // namespace
}  // namespace fovea::dump
