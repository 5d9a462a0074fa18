#include "tools/attention-dump/dump/dump_command.h"

#include "tools/attention-dump/dump/arguments.h"
#include "tools/attention-dump/dump/dump_run.h"
#include "tools/attention-dump/dump/influence_run.h"

namespace fovea::dump {

CommandOutcome DumpCommand(int argc, const char* const* argv, const RunEnvironment& environment) {
  const Result<Arguments> arguments = ParseArguments(argc, argv);
  if (!arguments) return UsageFailure(arguments.status(), "--help");
  if (arguments->help) return {.exit_code = 0, .output = HelpText(), .error = {}};
  if (arguments->version) {
    return {.exit_code = 0, .output = "attention-dump " FOVEA_VERSION "\n", .error = {}};
  }
  const bool influence = arguments->rollout || arguments->flow;
  return ToOutcome(influence ? RunInfluence(*arguments, environment)
                             : RunDump(*arguments, environment));
}

}  // namespace fovea::dump
