// fovea from outside: what it prints when all is well, and one line when it is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/tools/fovea_cli.h"

namespace fovea::dump {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST_F(FoveaCli, TokenizeGivesOneJsonArrayFromTextFileOrStandardInput) {
  const std::string from_text = Good({"tokenize", kModel, "--text", "The cat sat."});
  const auto ids = nlohmann::json::parse(from_text);
  ASSERT_TRUE(ids.is_array());
  EXPECT_EQ(ids[0], 1);  // BOS
  EXPECT_EQ(Good({"tokenize", kModel, "-"}, "The cat sat."), from_text);
  EXPECT_EQ(Good({"tokenize", kModel}, "The cat sat."), from_text);
  const std::string path = scratch_.Path("text");
  WriteWhole(path, "The cat sat.");
  EXPECT_EQ(Good({"tokenize", kModel, "--file", path}), from_text);
  const auto plain =
      nlohmann::json::parse(Good({"tokenize", kModel, "--text", "The cat sat.", "--no-special"}));
  EXPECT_EQ(plain.size() + 1, ids.size());
}

TEST_F(FoveaCli, TokenizeShowsPiecesWithTheBytesThatTheyStandFor) {
  const auto pieces = nlohmann::json::parse(Good({"tokenize", kModel, "--text", "é", "--pieces"}));
  ASSERT_GE(pieces.size(), 2U);
  EXPECT_EQ(pieces[0]["piece"], "<s>");
  EXPECT_EQ(pieces.back()["end"], 2);
}

TEST_F(FoveaCli, GenerateContinuesGreedilyAndRepeatably) {
  const std::vector<std::string> arguments = {"generate",    kModel, "--prompt",
                                              "The old man", "-n",   "12"};
  const std::string text = Good(arguments);
  EXPECT_GT(text.size(), 8U);
  EXPECT_EQ(Good(arguments), text);
  auto echo = arguments;
  echo.push_back("--echo");
  EXPECT_EQ(Good(echo), "The old man" + text);
  auto threads = arguments;
  threads.insert(threads.end(), {"--threads", "3"});
  EXPECT_EQ(Good(threads), text);
}

TEST_F(FoveaCli, GenerateWithASeedIsRepeatableAndPrintsRatesOnRequest) {
  const std::vector<std::string> arguments = {
      "generate", kModel, "--prompt",      "The", "-n",     "16",
      "--top-k",  "40",   "--temperature", "1.2", "--seed", "7"};
  const std::string text = Good(arguments);
  EXPECT_EQ(Good(arguments), text);
  auto rates = arguments;
  rates.push_back("--rates");
  const ProgramResult result = Run(rates);
  EXPECT_EQ(result.output, text);
  EXPECT_THAT(result.errors, HasSubstr("prefill: "));
  EXPECT_THAT(result.errors, HasSubstr("decode: "));
}

TEST_F(FoveaCli, InfoTellsHyperparametersTensorsAndMemory) {
  const auto info =
      nlohmann::json::parse(Good({"info", kModel, "--json", "--tensors", "--context", "100"}));
  EXPECT_EQ(info["family"], "llama");
  EXPECT_EQ(info["memory_for_context"], 100);
  EXPECT_GT(info["kv_cache_bytes"], 0);
  EXPECT_GT(info["tensors"].size(), 10U);
  EXPECT_THAT(Good({"info", kModel}), HasSubstr("vocabulary"));
}

TEST_F(FoveaCli, BadInputGivesOneLineAndANonzeroExit) {
  const std::string missing = scratch_.Path("no.gguf");
  for (const char* command : {"generate", "info", "tokenize"}) {
    EXPECT_THAT(ErrorOf({command, missing}, 1), HasSubstr(missing + ": No such file"));
    EXPECT_THAT(ErrorOf({command, "/"}, 1), HasSubstr("/: is a directory"));
  }
  EXPECT_THAT(ErrorOf({"tokenize", kModel}, 1, "ab\xFF"), HasSubstr("standard input: "));
  EXPECT_THAT(ErrorOf({"generate", kModel, "--prompt", "a\xC3"}, 1), HasSubstr("prompt: "));
  EXPECT_THAT(ErrorOf({"generate", kModel, "--file", missing}, 1), HasSubstr(missing));
  EXPECT_THAT(ErrorOf({"generate", kModel, "--context", "3", "--prompt", "one two three four"}, 1),
              HasSubstr("context"));
  EXPECT_THAT(ErrorOf({"generate", kModel, "--isa", "mmx"}, 1), HasSubstr("--isa"));
  EXPECT_THAT(ErrorOf({"generate", kModel}, 1, "", {"FOVEA_ISA=mmx"}), HasSubstr("FOVEA_ISA"));
  EXPECT_THAT(ErrorOf({"info", kModel, "--max-memory", "1000"}, 1), HasSubstr("1000"));
  EXPECT_THAT(ErrorOf({"generate", kModel, "--temperature", "-1"}, 1), HasSubstr("temperature"));
}

TEST_F(FoveaCli, AWrongCommandLineIsExitTwo) {
  ErrorOf({}, 2);
  ErrorOf({"fly"}, 2);
  ErrorOf({"generate"}, 2);
  ErrorOf({"generate", kModel, "--bogus"}, 2);
  EXPECT_THAT(ErrorOf({"generate", kModel, "--threads", "0"}, 2),
              HasSubstr("--threads: '0' is not a number from 1 to 256"));
  EXPECT_THAT(ErrorOf({"generate", kModel, "--kv", "q8"}, 2), HasSubstr("--kv: 'q8' is none of"));
  EXPECT_THAT(ErrorOf({"generate", kModel, "--fast", "--exact"}, 2),
              HasSubstr("--fast, --exact: give only one of them"));
  EXPECT_THAT(Good({"--help"}), HasSubstr("Subcommands"));
  EXPECT_THAT(Good({"--version"}), StartsWith("fovea "));
}

}  // namespace
}  // namespace fovea::dump
