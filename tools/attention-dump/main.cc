// attention-dump: the exact attention of a model over a text, as files, pictures or terminal text.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>

#include "tools/attention-dump/base/human.h"
#include "tools/attention-dump/command/command.h"
#include "tools/attention-dump/diff/diff_command.h"
#include "tools/attention-dump/dump/dump_command.h"
#include "tools/attention-dump/heads/heads_command.h"
#include "tools/attention-dump/serve/serve_command.h"

namespace {

constexpr int kFailure = fovea::dump::kExitFailure;
constexpr int kInterrupted = 130;

struct Subcommand {
  std::string_view name;
  fovea::dump::CommandFunction function;
};
constexpr Subcommand kSubcommands[] = {{"diff", fovea::dump::DiffCommand},
                                       {"heads", fovea::dump::HeadsCommand},
                                       {"serve", fovea::dump::ServeCommand}};

/// The subcommand of that name; the dump itself if there is none.
fovea::dump::CommandFunction FindCommand(std::string_view name) {
  for (const Subcommand& subcommand : kSubcommands) {
    if (subcommand.name == name) return subcommand.function;
  }
  return fovea::dump::DumpCommand;
}

volatile std::sig_atomic_t interrupted = 0;

extern "C" void NoteInterrupt(int) {
  interrupted = 1;
}

/// Interrupts end the run between two layers, so that temporary files are removed; a second one
/// kills. A file size limit and a closed pipe become errors of the write.
void PrepareSignals() {
  struct sigaction action = {};
  action.sa_handler = NoteInterrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
}

int Report(const std::string& message, int code) {
  std::fprintf(stderr, "attention-dump: %s\n", fovea::dump::OneLine(message).c_str());
  return code;
}

int Print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    return Report("standard output: it could not be written", kFailure);
  }
  return 0;
}

int Main(int argc, char** argv) {
  const char* isa = std::getenv("FOVEA_ISA");
  const fovea::dump::RunEnvironment environment = {.isa_variable = isa == nullptr ? "" : isa,
                                                   .interrupted = [] { return interrupted != 0; }};
  // A model file that bears a subcommand's name is reachable as ./heads.
  const fovea::dump::CommandFunction command = FindCommand(argc > 1 ? argv[1] : "");
  const int words = command == fovea::dump::DumpCommand ? 0 : 1;  // the subcommand's name
  const fovea::dump::CommandOutcome outcome = command(argc - words, argv + words, environment);
  if (outcome.exit_code == kFailure && interrupted != 0) {
    return Report("interrupted; nothing was written", kInterrupted);
  }
  const int printed = outcome.output.empty() ? 0 : Print(outcome.output);
  if (!outcome.error.empty()) return Report(outcome.error, outcome.exit_code);
  return printed != 0 ? printed : outcome.exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  PrepareSignals();
  try {
    return Main(argc, argv);
  } catch (const std::bad_alloc&) {
    return Report("not enough memory", kFailure);
  } catch (const std::exception& error) {
    return Report(error.what(), kFailure);
  }
}
