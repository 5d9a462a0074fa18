// What a subcommand of attention-dump is given and what it gives back; main.cc alone prints.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_COMMAND_COMMAND_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_COMMAND_COMMAND_H_

#include <functional>
#include <string>

#include <fovea/fovea.hpp>

namespace fovea::dump {

inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;

/// The environment of a run.
struct RunEnvironment {
  std::string isa_variable;           ///< Value of FOVEA_ISA; --isa goes before it.
  std::function<bool()> interrupted;  ///< True: stop, leave nothing behind.
};

struct CommandOutcome {
  int exit_code = 0;
  std::string output;  ///< For standard output.
  std::string error;   ///< One line for standard error; empty if all went well.
};

/// The command line is wrong. `help` names what explains it, e.g. "attention-dump heads --help".
CommandOutcome UsageFailure(const Status& status, const std::string& help);

/// What was asked for could not be done; or it could: its text.
CommandOutcome ToOutcome(const Result<std::string>& text);

/// A subcommand. argv[0] is the program, argv[1] the first argument after the subcommand's name.
using CommandFunction = CommandOutcome (*)(int argc, const char* const* argv,
                                           const RunEnvironment& environment);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_COMMAND_COMMAND_H_
