// One invocation with --rollout or --flow: which input tokens a token depends on through all
// layers.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_DUMP_INFLUENCE_RUN_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_DUMP_INFLUENCE_RUN_H_

#include <string>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/command/command.h"
#include "tools/attention-dump/dump/arguments.h"

namespace fovea::dump {

/// As RunDump, with one map per layer of --layers (default: the last) in the place of its heads.
Result<std::string> RunInfluence(const Arguments& arguments, const RunEnvironment& environment);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_DUMP_INFLUENCE_RUN_H_
