// attention-dump from outside when something is bad: one line on standard error, the right exit
// code, and nothing left behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/tools/run_program.h"
#include "tests/tools/temporary_folder.h"

namespace fovea::dump {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr const char* kModel = FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf";
constexpr const char* kLlama = FOVEA_SOURCE_DIR "/tests/golden/data/llama.gguf";
constexpr int kFailure = 1;
constexpr int kUsage = 2;

class CliErrors : public testing::Test {
 protected:
  /// Runs with an .npz output in the watched folder and checks all that every error has in common.
  /// Returns the error without "attention-dump: " and the line end.
  std::string ErrorOf(std::vector<std::string> arguments, int exit_code = kFailure,
                      std::uint64_t max_file_bytes = 0, const std::string& output = "m.npz") {
    arguments.insert(arguments.end(), {"-o", folder_.Path(output)});
    const ProgramResult result =
        RunProgram({.arguments = arguments, .input = input_, .max_file_bytes = max_file_bytes},
                   scratch_.path().string());
    EXPECT_EQ(result.exit_code, exit_code) << result.errors;
    EXPECT_EQ(result.output, "");
    EXPECT_THAT(result.errors, StartsWith("attention-dump: "));
    EXPECT_EQ(std::count(result.errors.begin(), result.errors.end(), '\n'), 1) << result.errors;
    EXPECT_THAT(folder_.Names(), IsEmpty()) << result.errors;
    const std::size_t prefix = std::string("attention-dump: ").size();
    if (result.errors.size() < prefix + 1) return "";
    return result.errors.substr(prefix, result.errors.size() - prefix - 1);
  }

  std::string Scratch(const std::string& name, const std::string& bytes) {
    WriteWhole(scratch_.Path(name), bytes);
    return scratch_.Path(name);
  }

  TemporaryFolder scratch_;
  TemporaryFolder folder_;
  std::string input_;
};

TEST_F(CliErrors, ModelsThatAreNoFile) {
  const std::string missing = scratch_.Path("no.gguf");
  EXPECT_THAT(ErrorOf({missing}), StartsWith(missing + ": No such file"));
  const std::string folder = scratch_.path().string();
  EXPECT_THAT(ErrorOf({folder}), StartsWith(folder + ": is a directory"));
}

TEST_F(CliErrors, ModelsThatAreNoModel) {
  const std::string whole = ReadWhole(kLlama);
  const std::string empty = Scratch("empty.gguf", "");
  EXPECT_THAT(ErrorOf({empty}), StartsWith(empty + ": "));
  const std::string text = Scratch("text.gguf", "This is a poem, not a model.\n");
  EXPECT_THAT(ErrorOf({text}), StartsWith(text + ": "));
  std::string version = whole;
  version[4] = 99;
  EXPECT_THAT(ErrorOf({Scratch("version.gguf", version)}), HasSubstr("version"));
  std::string family = whole;
  const std::string key = "general.architecture";
  const std::size_t at = family.find(key) + key.size() + 4 + 8;
  ASSERT_EQ(family.substr(at, 5), "llama");
  family.replace(at, 5, "lemma");
  const std::string error = ErrorOf({Scratch("family.gguf", family)});
  EXPECT_THAT(error, HasSubstr("lemma"));
  EXPECT_THAT(error, HasSubstr("qwen2"));  // the list of those that are supported
}

TEST_F(CliErrors, AModelCutAnywhere) {
  // Every 64 bytes is the engine's own test; from outside a sample of them, the header densely.
  const std::string whole = ReadWhole(kLlama);
  for (std::size_t size = 64; size < whole.size(); size += size < 2048 ? 256 : 16384) {
    const std::string path = Scratch("cut.gguf", whole.substr(0, size));
    EXPECT_THAT(ErrorOf({path, "--tokens", "1,2"}), StartsWith(path + ": ")) << size;
  }
}

TEST_F(CliErrors, TextsThatCannotBeRead) {
  EXPECT_EQ(ErrorOf({kModel, "--text", ""}), "--text: the text is empty");
  EXPECT_EQ(ErrorOf({kModel, "-"}), "standard input: the text is empty");
  EXPECT_THAT(ErrorOf({kModel, "--text", "ab\xFF"}), StartsWith("--text: "));
  const std::string bad = Scratch("bad.txt", "abc \xC3( def");
  EXPECT_THAT(ErrorOf({kModel, "--file", bad}), StartsWith(bad + ": "));
  const std::string missing = scratch_.Path("no.txt");
  EXPECT_THAT(ErrorOf({kModel, "--file", missing}), StartsWith(missing + ": No such file"));
  const std::string folder = scratch_.path().string();
  EXPECT_EQ(ErrorOf({kModel, "--file", folder}), folder + ": Is a directory");
}

TEST_F(CliErrors, TextsAndGenerationsBeyondTheContextSayHowManyTokensAndTheLimit) {
  EXPECT_THAT(ErrorOf({kModel, "--text", "One two three four.", "--context", "3"}),
              testing::MatchesRegex("--text: [0-9]+ tokens do not fit the context of 3 tokens"));
  input_ = std::string(20'000, 'x');
  EXPECT_THAT(
      ErrorOf({kModel, "-"}),
      testing::MatchesRegex("standard input: [0-9]+ tokens do not fit the context of [0-9]+ tokens "
                            "that the model was trained for; --context N allows more"));
  EXPECT_THAT(ErrorOf({kModel, "--tokens", "1,2,3", "--context", "10", "--generate", "8"}),
              HasSubstr("3 tokens of text and 8 to generate do not fit the context of 10"));
}

TEST_F(CliErrors, TokensOutsideTheVocabulary) {
  EXPECT_THAT(ErrorOf({kModel, "--tokens", "1,2147483647"}),
              StartsWith("--tokens: 2147483647 is not in the vocabulary, which has ids 0 to "));
}

TEST_F(CliErrors, LayersAndHeadsThatDoNotExistNameTheValidOnes) {
  EXPECT_THAT(
      ErrorOf({kModel, "--text", "A", "--layers", "0,99"}),
      testing::MatchesRegex("--layers: layer 99 does not exist; the model has layers 0 to [0-9]+"));
  EXPECT_THAT(
      ErrorOf({kModel, "--text", "A", "--heads", "40-41"}),
      testing::MatchesRegex("--heads: head 40 does not exist; the model has heads 0 to [0-9]+"));
}

TEST_F(CliErrors, TheCommandLineIsCheckedBeforeAnythingIsOpened) {
  const std::string missing = scratch_.Path("no.gguf");
  EXPECT_THAT(ErrorOf({missing, "--layers", "x"}, kUsage), StartsWith("--layers: 'x'"));
  EXPECT_THAT(ErrorOf({missing, "--unknown"}, kUsage), StartsWith("--unknown: "));
  EXPECT_THAT(ErrorOf({missing, "-o", "m.txt"}, kUsage), StartsWith("-o m.txt: unknown ending"));
  EXPECT_THAT(ErrorOf({missing, "-o", folder_.Path("m.npz")}, kUsage), HasSubstr("named twice"));
  EXPECT_THAT(ErrorOf({missing, "--text", "a\nb", "--precision", "\n"}, kUsage),
              StartsWith("--precision: "));
}

TEST_F(CliErrors, OutputsAreCheckedBeforeTheModelIsRead) {
  const std::string missing = scratch_.Path("no.gguf");
  const std::string nowhere = scratch_.Path("nowhere/m.npz");
  EXPECT_THAT(ErrorOf({missing, "-o", nowhere}), StartsWith(nowhere + ": the folder '"));
  std::filesystem::create_directory(scratch_.Path("folder.npz"));
  EXPECT_THAT(ErrorOf({missing, "-o", scratch_.Path("folder.npz")}), HasSubstr("is a directory"));
}

TEST_F(CliErrors, UnknownInstructionSetsListTheKnownOnes) {
  EXPECT_THAT(ErrorOf({kModel, "--isa", "mmx"}),
              StartsWith("--isa: unknown instruction set 'mmx'; it has scalar"));
#if defined(__x86_64__)
  EXPECT_THAT(ErrorOf({kModel, "--isa", "neon"}), StartsWith("--isa: this CPU cannot run 'neon'"));
#endif
  const ProgramResult result = RunProgram({.arguments = {kModel}, .environment = {"FOVEA_ISA=mmx"}},
                                          scratch_.path().string());
  EXPECT_EQ(result.exit_code, kFailure);
  EXPECT_THAT(result.errors, StartsWith("attention-dump: FOVEA_ISA: unknown"));
}

TEST_F(CliErrors, AFullDiskLeavesNothingBehindWhateverTheFormat) {
  std::string text;
  for (int i = 0; i < 60; ++i) text += "the dog and the cat ";
  for (const char* output :
       {"m.npz", "m.npy", "m.safetensors", "m.csv", "m.png", "m.svg", "m.html"}) {
    for (const std::uint64_t limit : {1024U, 9000U}) {
      EXPECT_THAT(ErrorOf({kModel, "--text", text, "--layers", "0", "--heads", "0"}, kFailure,
                          limit, output),
                  StartsWith(folder_.Path(output) + ": "))
          << limit;
    }
  }
}

TEST_F(CliErrors, AMemoryBudgetThatIsTooSmallIsAnError) {
  for (const char* budget : {"1", "1000K", "4M"}) {
    EXPECT_THAT(ErrorOf({kModel, "--text", "A cat.", "--max-memory", budget}), HasSubstr("m"));
  }
  std::string text;
  for (int i = 0; i < 100; ++i) text += "the dog and the cat ";
  EXPECT_THAT(ErrorOf({kModel, "--text", text, "--max-memory", "8M"}, kFailure, 0, "m.html"),
              AnyOf(HasSubstr("--max-memory"), HasSubstr("limit")));
}

TEST_F(CliErrors, TextThatWouldBeHugeIsRefusedWithAdvice) {
  std::string ids = "1";
  for (int i = 0; i < 449; ++i) ids += ",5";
  for (const char* output : {"m.json", "m.csv"}) {
    const std::string error = ErrorOf({kModel, "--tokens", ids}, kFailure, 0, output);
    EXPECT_THAT(error, HasSubstr("--layers"));
    EXPECT_THAT(error, HasSubstr(".npz"));
  }
}

TEST_F(CliErrors, ComparingMasksIsLimitedTo1024Tokens) {
  std::string ids = "1";
  for (int i = 0; i < 1024; ++i) ids += ",5";
  EXPECT_THAT(ErrorOf({kLlama, "--tokens", ids, "--context", "2000", "--compare-mask"}, kFailure, 0,
                      "m.svg"),
              StartsWith("--compare-mask: 1025 tokens, the limit is 1024"));
}

TEST_F(CliErrors, AClosedStandardOutputIsAnError) {
  // /dev/full as a redirection needs a shell; a size limit on the captured output does the same.
  const ProgramResult result =
      RunProgram({.arguments = {kModel}, .max_file_bytes = 100}, scratch_.path().string());
  EXPECT_EQ(result.exit_code, kFailure);
  EXPECT_EQ(result.output.size(), 100U);
}

}  // namespace
}  // namespace fovea::dump
