#include "tools/attention-dump/dump/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fovea::dump {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

Result<Arguments> Parse(std::vector<const char*> words) {
  words.insert(words.begin(), "attention-dump");
  return ParseArguments(static_cast<int>(words.size()), words.data());
}

std::string ErrorOf(const std::vector<const char*>& words) {
  const Result<Arguments> arguments = Parse(words);
  return arguments.ok() ? "no error" : arguments.status().message();
}

TEST(Arguments, NothingMeansTheShippedModelAndTheSample) {
  const auto arguments = Parse({});
  ASSERT_TRUE(arguments.ok());
  EXPECT_TRUE(arguments->model.empty());
  EXPECT_EQ(arguments->input, Arguments::Input::kSample);
  EXPECT_TRUE(arguments->outputs.empty());
  EXPECT_TRUE(arguments->half);
  EXPECT_EQ(arguments->kv_type, DataType::kF32);
  EXPECT_EQ(arguments->arithmetic, Arithmetic::kExact);
}

TEST(Arguments, FastAndExactAreTheTwoKindsOfArithmetic) {
  EXPECT_EQ(Parse({"--fast"})->arithmetic, Arithmetic::kFast);
  EXPECT_EQ(Parse({"--exact"})->arithmetic, Arithmetic::kExact);
  EXPECT_THAT(ErrorOf({"--fast", "--exact"}), StartsWith("--fast, --exact: give only one"));
}

TEST(Arguments, EverythingCanBeGivenInAnyOrder) {
  const auto arguments = Parse({"-o",
                                "a.npz",
                                "model.gguf",
                                "--text",
                                "-x",
                                "--layers",
                                "0-1,4",
                                "-o",
                                "b.HTML",
                                "--heads=2",
                                "--generate",
                                "7",
                                "--precision",
                                "f32",
                                "--logits",
                                "--scores",
                                "--trace",
                                "--threads",
                                "2",
                                "--context",
                                "99",
                                "--kv",
                                "f16",
                                "--isa",
                                "scalar",
                                "--max-memory",
                                "2G",
                                "--quiet",
                                "--compare-mask"});
  ASSERT_TRUE(arguments.ok()) << arguments.status().message();
  EXPECT_EQ(arguments->model, "model.gguf");
  EXPECT_EQ(arguments->text, "-x");
  ASSERT_EQ(arguments->outputs.size(), 2U);
  EXPECT_EQ(arguments->outputs[0].format->ending, ".npz");
  EXPECT_EQ(arguments->outputs[1].path, "b.HTML");
  EXPECT_EQ(arguments->outputs[1].format->ending, ".html");
  ASSERT_EQ(arguments->layers.size(), 2U);
  EXPECT_EQ(arguments->layers[1].first, 4U);
  EXPECT_EQ(arguments->heads[0].last, 2U);
  EXPECT_EQ(arguments->generate, 7U);
  EXPECT_FALSE(arguments->half);
  EXPECT_TRUE(arguments->logits && arguments->scores && arguments->trace);
  EXPECT_TRUE(arguments->quiet && arguments->compare_mask);
  EXPECT_EQ(arguments->threads, 2U);
  EXPECT_EQ(arguments->context, 99U);
  EXPECT_EQ(arguments->kv_type, DataType::kF16);
  EXPECT_EQ(arguments->isa, "scalar");
  EXPECT_EQ(arguments->max_memory, 2ULL << 30U);
}

TEST(Arguments, ALoneDashIsStandardInputWhereverItStands) {
  for (const std::vector<const char*>& words :
       {std::vector<const char*>{"-"}, {"model.gguf", "-"}, {"-", "--quiet"}, {"--file", "-"}}) {
    const auto arguments = Parse(words);
    ASSERT_TRUE(arguments.ok()) << arguments.status().message();
    EXPECT_EQ(arguments->input, Arguments::Input::kStandardInput);
  }
  EXPECT_EQ(Parse({"model.gguf", "-"})->model, "model.gguf");
}

TEST(Arguments, TokensAreReadAsIds) {
  const auto arguments = Parse({"--tokens", "1,22,333"});
  ASSERT_TRUE(arguments.ok());
  EXPECT_EQ(arguments->input, Arguments::Input::kTokens);
  EXPECT_THAT(arguments->ids, ElementsAre(1, 22, 333));
}

TEST(Arguments, AnOutputTakesOnePathSoThatAModelMayFollow) {
  const auto arguments = Parse({"-o", "a.npz", "-o", "b.npz", "model.gguf"});
  ASSERT_TRUE(arguments.ok());
  EXPECT_EQ(arguments->outputs.size(), 2U);
  EXPECT_EQ(arguments->model, "model.gguf");
}

TEST(Arguments, AnUnknownEndingNamesTheKnownOnes) {
  for (const char* path : {"maps.txt", "maps", ".npz", "folder.npz/maps", "maps.npz.gz"}) {
    EXPECT_THAT(ErrorOf({"-o", path}), HasSubstr(".npz .npy .safetensors")) << path;
  }
}

TEST(Arguments, TheSameOutputTwiceIsRefusedHoweverItIsSpelled) {
  EXPECT_THAT(ErrorOf({"-o", "a.npz", "-o", "./x/../a.npz"}), HasSubstr("named twice"));
  EXPECT_THAT(ErrorOf({"--file", "a.csv", "-o", "./a.csv"}), HasSubstr("overwrite"));
}

TEST(Arguments, MistakesAreNamedByTheArgument) {
  EXPECT_THAT(ErrorOf({"--bogus"}), StartsWith("--bogus: unknown option"));
  EXPECT_THAT(ErrorOf({"--text"}), StartsWith("--text: needs a value"));
  EXPECT_THAT(ErrorOf({"a.gguf", "b.gguf"}), StartsWith("b.gguf: "));
  EXPECT_THAT(ErrorOf({""}), StartsWith("MODEL: "));
  EXPECT_THAT(ErrorOf({"--text", "a", "--file", "b"}), StartsWith("--text, --file"));
  EXPECT_THAT(ErrorOf({"--text", "a", "-"}), StartsWith("--text, --file"));
  EXPECT_THAT(ErrorOf({"--text", "a", "--text", "b"}), StartsWith("--text: given twice"));
  EXPECT_THAT(ErrorOf({"--tokens", "1,x"}), StartsWith("--tokens: '1,x'"));
  EXPECT_THAT(ErrorOf({"--layers", "3-1"}), StartsWith("--layers: '3-1'"));
  EXPECT_THAT(ErrorOf({"--heads", ""}), StartsWith("--heads: "));
  EXPECT_THAT(ErrorOf({"--generate", "-1"}), StartsWith("--generate: '-1'"));
  EXPECT_THAT(ErrorOf({"--precision", "f64"}), StartsWith("--precision: 'f64'"));
  EXPECT_THAT(ErrorOf({"--kv", "q8"}), StartsWith("--kv: 'q8'"));
  EXPECT_THAT(ErrorOf({"--threads", "0"}), StartsWith("--threads: '0'"));
  EXPECT_THAT(ErrorOf({"--threads", "257"}), StartsWith("--threads: '257'"));
  EXPECT_THAT(ErrorOf({"--context", "zero"}), StartsWith("--context: 'zero'"));
  EXPECT_THAT(ErrorOf({"--max-memory", "much"}), StartsWith("--max-memory: 'much'"));
}

TEST(Arguments, OptionsThatNoOutputCanHoldAreRefused) {
  EXPECT_THAT(ErrorOf({"--logits"}), StartsWith("--logits: needs"));
  EXPECT_THAT(ErrorOf({"--scores", "-o", "a.npy"}), StartsWith("--scores: needs"));
  EXPECT_THAT(ErrorOf({"--trace", "-o", "a.png"}), StartsWith("--trace: needs"));
  EXPECT_THAT(ErrorOf({"--compare-mask", "-o", "a.npz"}), StartsWith("--compare-mask: needs"));
  EXPECT_TRUE(Parse({"--compare-mask"}).ok());
  EXPECT_THAT(ErrorOf({"--page-size", "4M", "-o", "a.png"}),
              StartsWith("--page-size: needs an .html output"));
  EXPECT_THAT(ErrorOf({"--page-size", "large", "-o", "a.html"}),
              StartsWith("--page-size: 'large' is not a size like"));
  EXPECT_EQ(Parse({"--page-size", "4M", "-o", "a.html"})->page_size, 4U << 20U);
}

TEST(Arguments, HelpIsShortAndNamesEveryOption) {
  EXPECT_TRUE(Parse({"--help"})->help);
  EXPECT_TRUE(Parse({"-h", "--precision", "f64"})->help);
  const std::string help = HelpText();
  for (const char* option :
       {"--text",          "--file",       "--tokens",       "--output",  "--layers",
        "--heads",         "--generate",   "--precision",    "--logits",  "--scores",
        "--trace",         "--threads",    "--context",      "--kv",      "--isa",
        "--max-memory",    "--quiet",      "--compare-mask", "--version", "--help",
        "--page-size",     "--top-k",      "--pool",         "--no-maps", "--stream",
        "--stream-prompt", "--low-memory", "--fast",         "--exact"}) {
    EXPECT_THAT(help, HasSubstr(option));
  }
  std::size_t begin = 0;
  while (begin < help.size()) {
    const std::size_t end = help.find('\n', begin);
    EXPECT_LE(end - begin, 100U) << help.substr(begin, end - begin);
    begin = end + 1;
  }
}

}  // namespace
}  // namespace fovea::dump
