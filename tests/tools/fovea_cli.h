// Runs `fovea` from outside: what the tests of all its subcommands share.
#ifndef FOVEA_TESTS_TOOLS_FOVEA_CLI_H_
#define FOVEA_TESTS_TOOLS_FOVEA_CLI_H_

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/run_program.h"
#include "tests/tools/temporary_folder.h"

namespace fovea::dump {

/// The model that ships.
inline constexpr const char* kModel = FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf";

class FoveaCli : public testing::Test {
 protected:
  ProgramResult Run(std::vector<std::string> arguments, std::string input = "",
                    std::vector<std::string> environment = {}) {
    return RunProgram({.program = FOVEA_TOOL,
                       .arguments = std::move(arguments),
                       .input = std::move(input),
                       .environment = std::move(environment)},
                      scratch_.path().string());
  }
  std::string Good(std::vector<std::string> arguments, std::string input = "") {
    const ProgramResult result = Run(std::move(arguments), std::move(input));
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    EXPECT_EQ(result.errors, "");
    return result.output;
  }
  /// One line, nothing on standard output.
  std::string ErrorOf(std::vector<std::string> arguments, int exit_code, std::string input = "",
                      std::vector<std::string> environment = {}) {
    const ProgramResult result =
        Run(std::move(arguments), std::move(input), std::move(environment));
    EXPECT_EQ(result.exit_code, exit_code) << result.errors;
    EXPECT_EQ(result.output, "");
    EXPECT_THAT(result.errors, testing::StartsWith("fovea: "));
    EXPECT_EQ(std::count(result.errors.begin(), result.errors.end(), '\n'), 1) << result.errors;
    return result.errors;
  }

  TemporaryFolder scratch_;
};

}  // namespace fovea::dump

#endif  // FOVEA_TESTS_TOOLS_FOVEA_CLI_H_
