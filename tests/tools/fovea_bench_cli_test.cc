// fovea bench from outside: a table, then one JSON object on the last line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/tools/fovea_cli.h"

namespace fovea::dump {
namespace {

using testing::HasSubstr;
using testing::Not;

nlohmann::json LastLine(const std::string& output) {
  const std::size_t end = output.find_last_not_of('\n');
  const std::size_t begin = output.find_last_of('\n', end) + 1;
  return nlohmann::json::parse(output.substr(begin, end + 1 - begin));
}

TEST_F(FoveaCli, BenchEndsInOneJsonObjectOfTokensPerSecond) {
  const std::string output = Good({"bench", kModel, "--threads", "2", "--prefill", "8,20",
                                   "--decode", "4", "--depth", "0,12", "--repeat", "2", "--json"});
  EXPECT_THAT(output, HasSubstr("prefill 20"));
  EXPECT_THAT(output, HasSubstr("decode 4 at 12"));
  const auto json = LastLine(output);
  for (const char* tokens : {"8", "20"}) EXPECT_GT(json["prefill"][tokens], 0.0) << tokens;
  for (const char* depth : {"0", "12"}) EXPECT_GT(json["decode"][depth], 0.0) << depth;
  EXPECT_EQ(json["prefill"].size(), 2U);
  EXPECT_EQ(json["decode"].size(), 2U);
  EXPECT_LE(json["spread"]["decode"]["12"][0], json["decode"]["12"]);
  EXPECT_GE(json["spread"]["decode"]["12"][1], json["decode"]["12"]);
  EXPECT_EQ(json["threads"], 2);
  EXPECT_EQ(json["kv"], "f16");
  EXPECT_EQ(json["arithmetic"], "fast");
  EXPECT_FALSE(json.contains("observed_prefill"));
}

TEST_F(FoveaCli, BenchHonoursKernelsCacheAndArithmetic) {
  const auto json =
      LastLine(Good({"bench", kModel, "--isa", "scalar", "--kv", "f32", "--exact", "--low-memory",
                     "--prefill", "4", "--decode", "0", "--repeat", "1", "--json"}));
  EXPECT_EQ(json["isa"], "scalar");
  EXPECT_EQ(json["kv"], "f32");
  EXPECT_EQ(json["arithmetic"], "exact");
  EXPECT_EQ(json["decode"].size(), 0U);
}

TEST_F(FoveaCli, BenchObservesPrefillOnRequest) {
  const std::string output = Good({"bench", kModel, "--prefill", "16", "--decode", "0", "--repeat",
                                   "2", "--observe", "--json"});
  EXPECT_THAT(output, HasSubstr("all maps"));
  const auto json = LastLine(output);
  EXPECT_GT(json["observed_prefill"]["16"]["tokens_per_second"], 0.0);
  EXPECT_GT(json["observed_prefill"]["16"]["time_ratio"], 0.0);
}

TEST_F(FoveaCli, BenchMayLeaveTheContextThatTheModelWasTrainedFor) {
  const auto json = LastLine(Good({"bench", kModel, "--prefill", "0", "--decode", "2", "--depth",
                                   "600", "--repeat", "1", "--json"}));
  EXPECT_GT(json["decode"]["600"], 0.0);
  EXPECT_EQ(json["prefill"].size(), 0U);
}

TEST_F(FoveaCli, BenchTakesDefaultsWithoutJson) {
  const std::string output = Good({"bench", kModel, "--prefill", "4", "--prefill", "8", "--decode",
                                   "2", "--depth", "0", "--repeat", "1"});
  EXPECT_THAT(output, HasSubstr("prefill 8"));
  EXPECT_THAT(output, Not(HasSubstr("{")));
}

TEST_F(FoveaCli, BenchEncodesTextsOfEncoders) {
  const std::string model = scratch_.Path("encoder.gguf");
  Good({"synth", "minilm", "Q8_0", model, "--hidden-size", "64", "--ffn-size", "128", "--layers",
        "1", "--heads", "4", "--vocabulary", "400", "--context", "40", "--quiet"});
  const std::string output =
      Good({"bench", model, "--lengths", "8,20", "--repeat", "1", "--observe", "--json"});
  EXPECT_THAT(output, HasSubstr("encode 20"));
  EXPECT_THAT(output, HasSubstr(" texts/s"));
  EXPECT_THAT(output, Not(HasSubstr("prefill 8")));
  const auto json = LastLine(output);
  EXPECT_EQ(json["encode"].size(), 2U);
  EXPECT_NEAR(json["texts_per_second"]["20"].get<double>() * 20, json["encode"]["20"].get<double>(),
              json["encode"]["20"].get<double>() * 1e-2);
  EXPECT_GT(json["observed_encode"]["8"]["time_ratio"], 0.0);
  EXPECT_EQ(json["prefill"].size() + json["decode"].size(), 0U);
  // Usual lengths, but none beyond what the model was trained for.
  EXPECT_EQ(LastLine(Good({"bench", model, "--repeat", "1", "--json"}))["encode"].size(), 1U);
  const ProgramResult mixed = Run({"bench", model, "--prefill", "8", "--repeat", "1"});
  EXPECT_EQ(mixed.exit_code, 0);
  EXPECT_THAT(mixed.errors, HasSubstr("this is an encoder: texts are encoded"));
  EXPECT_THAT(ErrorOf({"bench", model, "--lengths", "41"}, 1), HasSubstr("40"));
}

TEST_F(FoveaCli, BenchRunsBothHalvesOfAnEncoderDecoder) {
  const std::string model = FOVEA_SOURCE_DIR "/tests/golden/data/encoder_decoders/t5-gated.gguf";
  const auto both = LastLine(Good({"bench", model, "--lengths", "8", "--prefill", "4", "--decode",
                                   "2", "--depth", "0", "--repeat", "1", "--json"}));
  for (const char* what : {"encode", "prefill", "decode"}) EXPECT_EQ(both[what].size(), 1U) << what;
  const auto encoder =
      LastLine(Good({"bench", model, "--embed", "--lengths", "8", "--repeat", "1", "--json"}));
  EXPECT_EQ(encoder["encode"].size(), 1U);
  EXPECT_EQ(encoder["prefill"].size() + encoder["decode"].size(), 0U);
  const ProgramResult decoder =
      Run({"bench", kModel, "--embed", "--prefill", "4", "--decode", "0", "--repeat", "1"});
  EXPECT_EQ(decoder.exit_code, 0);
  EXPECT_THAT(decoder.errors, HasSubstr("this is a decoder: prefill and decode are measured"));
}

TEST_F(FoveaCli, BenchErrorsAreOneLine) {
  EXPECT_THAT(ErrorOf({"bench", scratch_.Path("no.gguf")}, 1), HasSubstr("No such file"));
  EXPECT_THAT(ErrorOf({"bench", kModel, "--prefill", "0", "--decode", "0"}, 1),
              HasSubstr("nothing to measure"));
  EXPECT_THAT(ErrorOf({"bench", kModel, "--prefill", "64", "--decode", "0", "--context", "32"}, 1),
              HasSubstr("--context"));
  EXPECT_THAT(ErrorOf({"bench", kModel, "--isa", "mmx"}, 1), HasSubstr("--isa"));
  EXPECT_THAT(ErrorOf({"bench", kModel, "--max-memory", "1000"}, 1), HasSubstr("1000"));
  ErrorOf({"bench"}, 2);
  ErrorOf({"bench", kModel, "--prefill", "12x"}, 2);
  ErrorOf({"bench", kModel, "--prefill", "-1"}, 2);
  ErrorOf({"bench", kModel, "--repeat", "0"}, 2);
  ErrorOf({"bench", kModel, "--depth", "99999999999"}, 2);
}

}  // namespace
}  // namespace fovea::dump
