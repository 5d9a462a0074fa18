// One invocation of attention-dump, from checked arguments to finished files or printed maps.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_DUMP_DUMP_RUN_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_DUMP_DUMP_RUN_H_

#include <string>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/command/command.h"
#include "tools/attention-dump/dump/arguments.h"

namespace fovea::dump {

/// Returns what is to be printed on standard output. Errors are one line that begins with the file
/// or argument they are about. Files appear only on success.
Result<std::string> RunDump(const Arguments& arguments, const RunEnvironment& environment);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_DUMP_DUMP_RUN_H_
