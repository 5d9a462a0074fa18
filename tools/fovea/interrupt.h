// Ctrl-C and file size limits while a command writes a file: both end it in order, so that its
// temporary file is removed.
#ifndef FOVEA_TOOLS_FOVEA_INTERRUPT_H_
#define FOVEA_TOOLS_FOVEA_INTERRUPT_H_

namespace fovea::tools {

/// From now on SIGINT, SIGTERM and SIGHUP only set what Interrupted() returns (a second one kills),
/// and a write beyond the file size limit is an error instead of a signal.
void CatchInterrupts();

bool Interrupted();

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_FOVEA_INTERRUPT_H_
