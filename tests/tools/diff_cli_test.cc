// `attention-dump diff` from outside.
#include <nlohmann/json.hpp>

#include "tests/tools/attention_dump_cli.h"

namespace fovea::dump {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr int kFailure = 1;
constexpr int kUsage = 2;
constexpr const char* kLlama = FOVEA_SOURCE_DIR "/tests/golden/data/llama.gguf";

class DiffCli : public AttentionDumpCli {
 protected:
  /// The shipped model, quantized again.
  std::string Quantized(const std::string& type) {
    const std::string path = scratch_.Path("model-" + type + ".gguf");
    const ProgramResult made =
        RunProgram({.program = FOVEA_TOOL, .arguments = {"quantize", kShippedModel, path, type}},
                   scratch_.path().string());
    EXPECT_EQ(made.exit_code, 0) << made.errors;
    return path;
  }
};

TEST_F(DiffCli, AModelDoesNotDifferFromItself) {
  const std::string output =
      Good({"diff", kShippedModel, kShippedModel, "--text", "The dog sat.", "--fail-above", "0"});
  EXPECT_THAT(output, HasSubstr("KL(A || B) mean 0.00000, worst 0.0000"));
  EXPECT_THAT(output, HasSubstr("same first choice at 100.0 %"));
  EXPECT_THAT(output, HasSubstr("\nL4H7  0.00000   0.00000 100.0 %"));
}

TEST_F(DiffCli, QuantizationIsSeenInEveryFormat) {
  const std::string q4 = Quantized("Q4_0");
  Good({"diff", kShippedModel, q4, "--text", "The dog sat by the fire.", "-o", Path("d.json"), "-o",
        Path("d.csv"), "--top", "3"});
  const auto json = nlohmann::json::parse(Whole("d.json"));
  EXPECT_EQ(json.at("format"), "fovea-diff");
  EXPECT_EQ(json.at("compared"), "models");
  EXPECT_EQ(json.at("heads").size(), 3U);
  const double largest = json.at("heads").at(0).at("js_mean");
  EXPECT_GT(largest, 1e-5);
  EXPECT_LT(largest, 0.6931471806);
  EXPECT_GE(largest, json.at("heads").at(1).at("js_mean").get<double>());
  EXPECT_GT(json.at("overall").at("kl_mean"), 0.0);
  EXPECT_EQ(json.at("overall").at("loss").size(), 2U);
  EXPECT_EQ(json.at("trust_stamps").at(0).at("arithmetic"), "exact");
  EXPECT_NE(json.at("trust_stamps").at(0).at("model_hash"),
            json.at("trust_stamps").at(1).at("model_hash"));
  const std::string csv = Whole("d.csv");
  EXPECT_THAT(csv, StartsWith("layer,head,kv_head,js_mean"));
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 4);
}

TEST_F(DiffCli, APageHoldsBothSides) {
  Good({"diff", kShippedModel, Quantized("Q5_0"), "--text", "The dog sat.", "--layers", "3,4", "-o",
        Path("models.html")});
  EXPECT_TRUE(Whole("models.html").find("\"kind\":\"models\"") != std::string::npos);
  EXPECT_TRUE(Whole("models.html").find("model-Q5_0.gguf") != std::string::npos);
  Good({"diff", "--text", "The dog sat.", "--against-text", "The cat sat.", "-o",
        Path("texts.html")});
  EXPECT_TRUE(Whole("texts.html").find("\"kind\":\"texts\"") != std::string::npos);
  EXPECT_TRUE(Whole("texts.html").find("The cat sat.") != std::string::npos);
}

TEST_F(DiffCli, FailAboveIsAnExitStatusAndOneLineAfterTheTable) {
  const ProgramResult result = Run({"diff", "--text", "The dog saw the cat.", "--against-text",
                                    "The cat saw the dog.", "--fail-above", "0.001"});
  EXPECT_EQ(result.exit_code, kFailure);
  EXPECT_THAT(result.output, HasSubstr("JS mean"));
  EXPECT_THAT(result.errors, StartsWith("attention-dump: --fail-above: the largest mean"));
  EXPECT_THAT(result.errors, HasSubstr("the limit is 0.001"));
  Good({"diff", "--text", "The dog saw the cat.", "--against-text", "The cat saw the dog.",
        "--fail-above", "0.69315"});
}

TEST_F(DiffCli, TextsOfUnequalLengthAreRefused) {
  EXPECT_THAT(ErrorOf({"diff", "--text", "The dog.", "--against-text", "The"}, kFailure),
              HasSubstr("2 tokens, but --text has 4"));
}

TEST_F(DiffCli, ModelsOfOtherShapesAreRefused) {
  const std::string error = ErrorOf({"diff", kShippedModel, kLlama, "--text", "a"}, kFailure);
  EXPECT_THAT(error, StartsWith(kLlama));
  EXPECT_THAT(error, HasSubstr("5 layers of 8 heads"));
  EXPECT_THAT(error, HasSubstr("give two files of one model"));
}

TEST_F(DiffCli, WrongArgumentsSayWhatWouldBeRight) {
  EXPECT_THAT(ErrorOf({"diff"}, kUsage), HasSubstr("give two models, or one model and"));
  EXPECT_THAT(ErrorOf({"diff", "a", "b", "c"}, kUsage), HasSubstr("two models at most"));
  EXPECT_THAT(ErrorOf({"diff", "a", "b", "--against-text", "x"}, kUsage),
              HasSubstr("two models are compared on one text"));
  EXPECT_THAT(ErrorOf({"diff", "--against-text", "x"}, kUsage), HasSubstr("the first text too"));
  EXPECT_THAT(ErrorOf({"diff", "a", "b", "--fail-above", "-1"}, kUsage),
              HasSubstr("--fail-above: '-1' is not a number of nats"));
  EXPECT_THAT(ErrorOf({"diff", "a", "b", "-o", Path("x.npz")}, kUsage),
              HasSubstr("written as .html, .csv or .json"));
  EXPECT_THAT(
      ErrorOf({"diff", "--text", "a", "--against-text", "b", "--against-file", "c"}, kUsage),
      HasSubstr("give only one of them"));
  EXPECT_THAT(ErrorOf({"diff", "--tokens", "1,2", "--against-tokens", "1,999999"}, kFailure),
              StartsWith("--against-tokens: 999999 is not in the vocabulary"));
  EXPECT_THAT(ErrorOf({"diff", "--text", "a", "--against-text", "b", "--layers", "7"}, kFailure),
              HasSubstr("the model has layers 0 to 4"));
}

TEST_F(DiffCli, HelpHasExamples) {
  EXPECT_THAT(Good({"diff", "--help"}), HasSubstr("attention-dump diff model-f16.gguf"));
  EXPECT_THAT(Good({"--help"}), HasSubstr("attention-dump diff A B"));
}

}  // namespace
}  // namespace fovea::dump
