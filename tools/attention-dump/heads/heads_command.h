// `attention-dump heads`: which head should I look at?
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_HEADS_HEADS_COMMAND_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_HEADS_HEADS_COMMAND_H_

#include "tools/attention-dump/command/command.h"

namespace fovea::dump {

CommandOutcome HeadsCommand(int argc, const char* const* argv, const RunEnvironment& environment);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_HEADS_HEADS_COMMAND_H_
