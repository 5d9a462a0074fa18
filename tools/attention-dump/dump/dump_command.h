// What runs without a subcommand: the maps of one model over one text.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_DUMP_DUMP_COMMAND_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_DUMP_DUMP_COMMAND_H_

#include "tools/attention-dump/command/command.h"

namespace fovea::dump {

/// From the command line to finished files or printed maps. Files appear only on success.
CommandOutcome DumpCommand(int argc, const char* const* argv, const RunEnvironment& environment);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_DUMP_DUMP_COMMAND_H_
