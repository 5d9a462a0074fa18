// `fovea info` says beforehand what a run takes at its peak; the system says afterwards what it
// took. Only for the machine that it runs on: an emulator's memory is not the program's, and
// sanitizers multiply it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/tools/fovea_cli.h"

namespace fovea::dump {
namespace {

using ::testing::HasSubstr;

using Words = std::vector<std::string>;

Words Joined(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

class PeakMemory : public FoveaCli {
 protected:
  /// Bytes that `fovea info` states for a run with these options.
  double Stated(const std::string& model, const Words& options) {
    return nlohmann::json::parse(Good(Joined({"info", model, "--json"}, options)))["peak_bytes"];
  }
  double Measured(const std::string& program, const Words& arguments) {
    const ProgramResult result =
        RunProgram({.program = program, .arguments = arguments}, scratch_.path().string());
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return static_cast<double>(result.peak_kilobytes) * 1024.0;
  }
  /// Ids of a text, "1,5,6,…", and the same as a file of words for `generate`.
  std::string File(const std::string& name, const std::string& text) {
    WriteWhole(scratch_.Path(name), text);
    return scratch_.Path(name);
  }
  static std::string Repeated(const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
  }
};

#define EXPECT_WITHIN_TENTH(measured, stated) \
  EXPECT_NEAR((measured) / (stated), 1.0, 0.1) << (measured) << " of " << (stated) << " stated"

TEST_F(PeakMemory, OfTheModelThatShipsIsWithinATenthOfWhatIsStated) {
  const std::string text = File("text", Repeated("The cat sat on the mat. ", 50));
  for (const Words& options : {Words{}, Words{"--low-memory"}, Words{"--exact"},
                               Words{"--kv", "f32"}, Words{"--kv", "int8"}}) {
    const Words all = Joined({"--threads", "2", "--context", "512"}, options);
    const double measured =
        Measured(FOVEA_TOOL, Joined({"generate", kModel, "-f", text, "-n", "100"}, all));
    EXPECT_WITHIN_TENTH(measured, Stated(kModel, all));
  }
}

/// The shape of SmolLM-135M, which shall run on boards of 512 MB.
class PeakMemoryOf135M : public PeakMemory {
 protected:
  void SetUp() override {
    model_ = scratch_.Path("model.gguf");
    Good({"synth", "smollm-135m", "Q4_0", model_});
    text_ = File("text", Repeated("The cat sat on the mat because it was tired. ", 60));
  }
  std::string model_;
  std::string text_;  ///< 963 tokens.
};

TEST_F(PeakMemoryOf135M, IsWithinATenthOfWhatIsStatedAndFarBelow512Megabytes) {
  for (const Words& options : {Words{}, Words{"--low-memory"}}) {
    const Words all = Joined({"--threads", "2", "--context", "1024"}, options);
    const double stated = Stated(model_, all);
    EXPECT_WITHIN_TENTH(
        Measured(FOVEA_TOOL, Joined({"generate", model_, "-f", text_, "-n", "8"}, all)), stated);
    EXPECT_LT(stated, 150e6);
  }
}

TEST_F(PeakMemoryOf135M, WithTwoHeadsDumpedIsWithinATenthOfWhatIsStated) {
  const Words all = {"--threads", "2", "--kv", "f16"};
  const double stated = Stated(model_, Joined({"--context", "963", "--exact"}, all));
  EXPECT_WITHIN_TENTH(Measured(FOVEA_ATTENTION_DUMP,
                               Joined({model_, "--file", text_, "-o", scratch_.Path("maps.npz"),
                                       "--layers", "3", "--heads", "1,2", "--quiet"},
                                      all)),
                      stated);
}

TEST_F(PeakMemory, BudgetsThatAreTooSmallAreRefusedWithWhatIsNeeded) {
  const double stated = Stated(kModel, {"--context", "512"});
  for (const char* command : {"info", "generate"}) {
    Words run = {command, kModel, "--context", "512", "--max-memory", "6M"};
    if (run[0] == "generate") run = Joined(run, {"--prompt", "The cat"});
    const std::string error = ErrorOf(run, 1);
    EXPECT_THAT(error, HasSubstr("MiB are needed (weights 3.6 MiB"));
    EXPECT_THAT(error, HasSubstr("the limit is 6291456 bytes"));
    run[5] = std::to_string(static_cast<long>(stated));
    Good(run);
  }
  EXPECT_THAT(ErrorOf({"generate", kModel, "--max-memory", "1M"}, 1), HasSubstr("1048576"));
}

}  // namespace
}  // namespace fovea::dump
