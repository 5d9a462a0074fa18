// fovea quantize and fovea synth from outside.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/tools/fovea_cli.h"

namespace fovea::dump {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class FoveaQuantizeCli : public FoveaCli {
 protected:
  /// An error that leaves no file.
  std::string Refused(std::vector<std::string> arguments, int exit_code) {
    const std::string error = ErrorOf(std::move(arguments), exit_code);
    EXPECT_THAT(folder_.Names(), IsEmpty());
    return error;
  }
  std::vector<std::string> Small(const std::string& type, const std::string& path) const {
    return {"synth",   "custom", type,           path,  "--hidden-size", "64", "--ffn-size", "256",
            "--heads", "4",      "--vocabulary", "400", "--layers",      "2",  "--quiet"};
  }

  TemporaryFolder folder_;
  std::string out_ = folder_.Path("out.gguf");
};

TEST_F(FoveaQuantizeCli, PrintsATableOfWhatItDid) {
  const std::string in = scratch_.Path("f32.gguf");
  EXPECT_EQ(Good(Small("F32", in)), "");
  const std::string table = Good({"quantize", in, out_, "q8_0"});
  EXPECT_THAT(table, HasSubstr("token_embd.weight"));
  EXPECT_THAT(table, HasSubstr("400 x 64"));
  EXPECT_THAT(table, HasSubstr("F32 > Q8_0"));
  EXPECT_THAT(table, HasSubstr("all tensors"));
  EXPECT_EQ(Good({"quantize", in, out_, "Q4_0", "--quiet"}), "");
  EXPECT_THAT(Good({"generate", out_, "--prompt", "The cat", "-n", "3"}), Not(IsEmpty()));
}

TEST_F(FoveaQuantizeCli, TellsPeopleThatAFileWasQuantizedBefore) {
  const ProgramResult result = Run({"quantize", kModel, out_, "Q4_K"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.errors, StartsWith("fovea: warning: "));
  EXPECT_THAT(result.errors, HasSubstr("were quantized before"));
  EXPECT_EQ(Good({"quantize", kModel, out_, "Q4_K", "--quiet"}), "");
}

TEST_F(FoveaQuantizeCli, PrintsOneJsonObject) {
  const std::string in = scratch_.Path("f16.gguf");
  Good(Small("F16", in));
  const auto json = nlohmann::json::parse(Good({"quantize", in, out_, "Q4_K", "--json"}));
  EXPECT_EQ(json["type"], "Q4_K");
  EXPECT_EQ(json["file_bytes"], std::filesystem::file_size(out_));
  EXPECT_EQ(json["requantized_tensors"], 0);
  EXPECT_GT(json["relative_error"], 0.01);
  EXPECT_LT(json["relative_error"], 0.1);
  const auto& tensors = json["tensors"];
  const auto down = std::find_if(tensors.begin(), tensors.end(), [](const auto& tensor) {
    return tensor["name"] == "blk.1.ffn_down.weight";
  });
  ASSERT_NE(down, tensors.end());
  EXPECT_EQ((*down)["from"], "F16");
  EXPECT_EQ((*down)["type"], "Q4_K");
  EXPECT_THAT((*down)["shape"], ElementsAre(64, 256));
}

TEST_F(FoveaQuantizeCli, GivesTheSameFileForAnyNumberOfThreads) {
  const std::string other = folder_.Path("other.gguf");
  Good({"quantize", kModel, out_, "Q6_K", "--threads", "1", "--quiet"});
  Good({"quantize", kModel, other, "Q6_K", "--threads", "4", "--quiet"});
  EXPECT_TRUE(ReadWhole(out_) == ReadWhole(other));
}

TEST_F(FoveaQuantizeCli, ErrorsAreOneLineAndLeaveNothingBehind) {
  const std::string text = scratch_.Path("text");
  WriteWhole(text, "no model");
  EXPECT_THAT(Refused({"quantize", text, out_, "Q8_0"}, 1), HasSubstr(text));
  EXPECT_THAT(Refused({"quantize", folder_.Path("no"), out_, "Q8_0"}, 1), HasSubstr("No such"));
  EXPECT_THAT(Refused({"quantize", kModel, kModel, "Q8_0"}, 1), HasSubstr("input file itself"));
  EXPECT_THAT(Refused({"quantize", kModel, out_, "Q9"}, 1), HasSubstr("TYPE 'Q9' is none of"));
  EXPECT_THAT(Refused({"quantize", kModel, out_, "Q2_K"}, 1), HasSubstr("TYPE 'Q2_K'"));
  EXPECT_THAT(Refused({"quantize", kModel, folder_.Path("no/file"), "Q8_0"}, 1),
              HasSubstr("no/file"));
  Refused({"quantize", kModel, out_}, 2);
  Refused({"quantize", kModel, out_, "Q8_0", "--json", "--quiet"}, 2);
  Refused({"quantize", kModel, out_, "Q8_0", "--threads", "0"}, 2);
}

TEST_F(FoveaQuantizeCli, AFullDiskLeavesNothingBehind) {
  const std::vector<std::vector<std::string>> commands = {
      {"quantize", kModel, out_, "Q4_0", "--quiet"}, {"synth", "15m", "Q4_0", out_}};
  for (const auto& arguments : commands) {
    const ProgramResult result =
        RunProgram({.program = FOVEA_TOOL, .arguments = arguments, .max_file_bytes = 100000},
                   scratch_.path().string());
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.errors, HasSubstr("out.gguf: File too large"));
    EXPECT_THAT(folder_.Names(), IsEmpty());
  }
}

TEST_F(FoveaQuantizeCli, SynthWritesModelsThatGenerate) {
  Good(Small("Q8_0", out_));
  EXPECT_THAT(Good({"generate", out_, "--prompt", "The cat", "-n", "3"}), Not(IsEmpty()));
  const auto info = nlohmann::json::parse(Good({"info", out_, "--json"}));
  EXPECT_EQ(info["hidden_size"], 64);
  EXPECT_EQ(info["kv_heads"], 4);
  EXPECT_EQ(info["context"], 8192);
  EXPECT_EQ(info["name"], "synth custom Q8_0 seed 1");
  const std::string said =
      Good({"synth", "15m", "Q4_0", out_, "--layers", "1", "--vocabulary", "500"});
  EXPECT_THAT(said, StartsWith(out_ + ": "));
  EXPECT_THAT(said, HasSubstr("M weights"));
}

TEST_F(FoveaQuantizeCli, SynthNamesTheWrongArgument) {
  EXPECT_THAT(Refused({"synth", "70b", "Q8_0", out_}, 1), HasSubstr("SHAPE '70b' is none of 15m"));
  EXPECT_THAT(Refused({"synth", "15m", "Q9", out_}, 1), HasSubstr("TYPE 'Q9'"));
  EXPECT_THAT(Refused({"synth", "custom", "Q8_0", out_}, 1), HasSubstr("--hidden-size"));
  EXPECT_THAT(Refused({"synth", "15m", "Q8_0", out_, "--heads", "7"}, 1), HasSubstr("--heads"));
  EXPECT_THAT(Refused({"synth", "15m", "Q8_0", folder_.Path("no/file")}, 1), HasSubstr("no/file"));
  Refused({"synth", "15m", "Q8_0"}, 2);
}

}  // namespace
}  // namespace fovea::dump
