// fovea: generate text, look into model files, tokenize, measure.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "tools/fovea/commands.h"

int main(int argc, char** argv) {
  CLI::App app("Runs small transformers on the CPU. To look at attention: attention-dump.",
               "fovea");
  app.require_subcommand(1);
  app.set_version_flag("--version", "fovea " FOVEA_VERSION);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return "fovea: " + std::string(error.what()) + " (see --help)\n";
  });
  fovea::tools::Command command;
  fovea::tools::AddBench(app, command);
  fovea::tools::AddEmbed(app, command);
  fovea::tools::AddGenerate(app, command);
  fovea::tools::AddInfo(app, command);
  fovea::tools::AddPerplexity(app, command);
  fovea::tools::AddQuantize(app, command);
  fovea::tools::AddSynth(app, command);
  fovea::tools::AddTokenize(app, command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    const fovea::Status status = command();
    if (status.ok()) return 0;
    std::fprintf(stderr, "fovea: %s\n", status.message().c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fovea: %s\n", error.what());
  }
  return 1;
}
