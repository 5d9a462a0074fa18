// Runs `attention-dump` from outside: what the tests of its subcommands share.
#ifndef FOVEA_TESTS_TOOLS_ATTENTION_DUMP_CLI_H_
#define FOVEA_TESTS_TOOLS_ATTENTION_DUMP_CLI_H_

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/readers.h"
#include "tests/tools/run_program.h"
#include "tests/tools/temporary_folder.h"

namespace fovea::dump {

/// The model that ships: 5 layers, 8 heads, 4 KV heads, a context of 512 tokens.
inline constexpr const char* kShippedModel = FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf";

class AttentionDumpCli : public testing::Test {
 protected:
  ProgramResult Run(std::vector<std::string> arguments) {
    return RunProgram({.arguments = std::move(arguments)}, scratch_.path().string());
  }
  /// Runs, expects success and silence on standard error.
  std::string Good(std::vector<std::string> arguments) {
    const ProgramResult result = Run(std::move(arguments));
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    EXPECT_EQ(result.errors, "");
    return result.output;
  }
  /// One line on standard error, nothing else anywhere. Returns it without the program's name.
  std::string ErrorOf(std::vector<std::string> arguments, int exit_code) {
    const ProgramResult result = Run(std::move(arguments));
    EXPECT_EQ(result.exit_code, exit_code) << result.errors;
    EXPECT_EQ(result.output, "");
    EXPECT_EQ(std::count(result.errors.begin(), result.errors.end(), '\n'), 1) << result.errors;
    EXPECT_THAT(folder_.Names(), testing::IsEmpty());
    constexpr std::string_view kPrefix = "attention-dump: ";
    EXPECT_THAT(result.errors, testing::StartsWith(std::string(kPrefix)));
    if (result.errors.size() <= kPrefix.size()) return "";
    return result.errors.substr(kPrefix.size(), result.errors.size() - kPrefix.size() - 1);
  }
  std::string Path(const std::string& name) const { return folder_.Path(name); }
  std::string Whole(const std::string& name) const { return ReadWhole(Path(name)); }

  TemporaryFolder scratch_;
  TemporaryFolder folder_;
};

}  // namespace fovea::dump

#endif  // FOVEA_TESTS_TOOLS_ATTENTION_DUMP_CLI_H_
