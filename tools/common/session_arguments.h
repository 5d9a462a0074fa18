// The command-line options that every tool with a session has, and what they mean.
#ifndef FOVEA_TOOLS_COMMON_SESSION_ARGUMENTS_H_
#define FOVEA_TOOLS_COMMON_SESSION_ARGUMENTS_H_

#include <cstddef>
#include <string>

#include <fovea/model.h>
#include <fovea/session.h>
#include <fovea/status.h>

namespace CLI {
class App;
}

namespace fovea::tools {

/// As given; defaults mean "not given".
struct SessionArguments {
  std::size_t threads = 0;  ///< 0: all cores.
  std::size_t context = 0;  ///< 0: as many tokens as are needed.
  std::string kv = "f16";   ///< "f32", "f16", "bf16" or "int8"
  bool exact = false;       ///< F32 activations.
  bool low_memory = false;  ///< Map the file, keep its layout.
  std::string isa;          ///< Empty: FOVEA_ISA from the environment, else the best.
  std::string max_memory;   ///< Bytes, with an optional K, M or G.
};

/// Adds --threads, --context, --kv, --exact, --low-memory, --isa and --max-memory.
void AddSessionArguments(CLI::App& app, SessionArguments& arguments);

/// Turns them into options for a session; errors name the argument. `context_size` stays as the
/// argument says, 0 if it was not given.
Result<SessionOptions> ToSessionOptions(const SessionArguments& arguments);

/// How to load the model for such a session; the arguments are those that ToSessionOptions took.
LoadOptions ToLoadOptions(const SessionArguments& arguments);

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_COMMON_SESSION_ARGUMENTS_H_
