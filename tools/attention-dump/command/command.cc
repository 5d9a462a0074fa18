#include "tools/attention-dump/command/command.h"

#include <array>
#include <string_view>
#include <utility>

#include "tools/attention-dump/command/arguments.h"
#include "tools/attention-dump/diff/diff_command.h"
#include "tools/attention-dump/heads/heads_command.h"
#include "tools/attention-dump/run/run.h"
#include "tools/attention-dump/serve/serve_command.h"

namespace fovea::dump {
namespace {

constexpr std::array<std::pair<std::string_view, CommandFunction>, 3> kCommands = {{
    {"diff", DiffCommand},
    {"heads", HeadsCommand},
    {"serve", ServeCommand},
}};

}  // namespace

CommandOutcome UsageFailure(const Status& status, const std::string& help) {
  return {.exit_code = kExitUsage, .output = {}, .error = status.message() + " (see " + help + ")"};
}

CommandOutcome ToOutcome(const Result<std::string>& text) {
  if (text.ok()) return {.exit_code = 0, .output = *text, .error = {}};
  return {.exit_code = kExitFailure, .output = {}, .error = text.status().message()};
}

CommandFunction FindCommand(const std::string& name) {
  for (const auto& [known, function] : kCommands) {
    if (known == name) return function;
  }
  return nullptr;
}

CommandOutcome DumpCommand(int argc, const char* const* argv, const RunEnvironment& environment) {
  const Result<Arguments> arguments = ParseArguments(argc, argv);
  if (!arguments) return UsageFailure(arguments.status(), "--help");
  if (arguments->help) return {.exit_code = 0, .output = HelpText(), .error = {}};
  if (arguments->version) {
    return {.exit_code = 0, .output = "attention-dump " FOVEA_VERSION "\n", .error = {}};
  }
  return ToOutcome(RunDump(*arguments, environment));
}

}  // namespace fovea::dump
