// `attention-dump serve`: from the command line to a live page that has been closed again.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_SERVE_SERVE_COMMAND_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_SERVE_SERVE_COMMAND_H_

#include "tools/attention-dump/command/command.h"

namespace fovea::dump {

/// Prints the page's address as soon as it answers and returns when `environment` say that it is
/// interrupted, which is how it ends well.
CommandOutcome ServeCommand(int argc, const char* const* argv, const RunEnvironment& environment);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_SERVE_SERVE_COMMAND_H_
