// Runs one of our executables as a shell would: for tests from outside.
#ifndef FOVEA_TESTS_TOOLS_RUN_PROGRAM_H_
#define FOVEA_TESTS_TOOLS_RUN_PROGRAM_H_

#include <cstdint>
#include <string>
#include <vector>

namespace fovea::dump {

struct ProgramRun {
  std::string program = FOVEA_ATTENTION_DUMP;
  std::vector<std::string> arguments = {};
  std::string input = {};                     ///< Standard input.
  std::vector<std::string> environment = {};  ///< "NAME=value", instead of the test's own.
  std::uint64_t max_file_bytes = 0;           ///< RLIMIT_FSIZE: a small full disk. 0: none.
};

struct ProgramResult {
  int exit_code = -1;  ///< -1: a signal ended it.
  std::string output;
  std::string errors;
  long peak_kilobytes = 0;  ///< Largest resident set.
};

/// `scratch`: an existing folder outside the one whose contents the test checks.
ProgramResult RunProgram(const ProgramRun& run, const std::string& scratch);

}  // namespace fovea::dump

#endif  // FOVEA_TESTS_TOOLS_RUN_PROGRAM_H_
