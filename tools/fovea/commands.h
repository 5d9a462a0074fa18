// The subcommands of `fovea`. Each adds itself to the application and returns an exit code when
// run.
#ifndef FOVEA_TOOLS_FOVEA_COMMANDS_H_
#define FOVEA_TOOLS_FOVEA_COMMANDS_H_

#include <functional>
#include <string>

#include <fovea/status.h>

namespace CLI {
class App;
}

namespace fovea::tools {

/// What to run after parsing: set by the subcommand that was chosen.
using Command = std::function<Status()>;

void AddBench(CLI::App& app, Command& command);
void AddEmbed(CLI::App& app, Command& command);
void AddGenerate(CLI::App& app, Command& command);
void AddInfo(CLI::App& app, Command& command);
void AddPerplexity(CLI::App& app, Command& command);
void AddQuantize(CLI::App& app, Command& command);
void AddSynth(CLI::App& app, Command& command);
void AddTokenize(CLI::App& app, Command& command);

/// Writes to standard output at once; kIoError if it does not take everything (a full disk, say).
Status Print(const std::string& text);

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_FOVEA_COMMANDS_H_
