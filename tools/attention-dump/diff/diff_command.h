// `attention-dump diff`: what changed?
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_DIFF_DIFF_COMMAND_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_DIFF_DIFF_COMMAND_H_

#include "tools/attention-dump/command/command.h"

namespace fovea::dump {

CommandOutcome DiffCommand(int argc, const char* const* argv, const RunEnvironment& environment);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_DIFF_DIFF_COMMAND_H_
