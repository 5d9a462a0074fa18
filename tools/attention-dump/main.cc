// attention-dump: the exact attention of a model over a text, as files, pictures or terminal text.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "tools/attention-dump/base/human.h"
#include "tools/attention-dump/command/command.h"

namespace {

constexpr int kFailure = fovea::dump::kExitFailure;
constexpr int kInterrupted = 130;

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
  const fovea::dump::CommandFunction command =
      argc > 1 ? fovea::dump::FindCommand(argv[1]) : nullptr;
  const fovea::dump::CommandOutcome outcome =
      command != nullptr ? command(argc - 1, argv + 1, environment)
                         : fovea::dump::DumpCommand(argc, argv, environment);
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
