// The options about a session that both tools have, with the same names, limits and messages:
// --threads, --context, --kv, --fast or --exact, --low-memory, --isa and --max-memory.
#ifndef FOVEA_TOOLS_COMMON_SESSION_ARGUMENTS_H_
#define FOVEA_TOOLS_COMMON_SESSION_ARGUMENTS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <fovea/model.h>
#include <fovea/session.h>
#include <fovea/status.h>

namespace CLI {
class App;
}

namespace fovea::tools {

/// What was asked for; a tool puts its own defaults here before the options are read. These are
/// fovea's.
struct SessionArguments {
  std::size_t threads = 0;  ///< 0: UsefulThreads().
  std::size_t context = 0;  ///< Tokens; 0: not given.
  DataType kv_type = DataType::kF16;
  Arithmetic arithmetic = Arithmetic::kFast;
  bool low_memory = false;       ///< Map the file, keep its layout.
  std::string isa;               ///< Empty: FOVEA_ISA from the environment, else the best.
  std::uint64_t max_memory = 0;  ///< Bytes; 0: no limit.
};

/// The options as typed. Use: AddTo the app, parse, then Read. Must outlive the parsing.
class SessionOptionTexts {
 public:
  /// `defaults`: what the help says that the options are without being given.
  void AddTo(CLI::App* app, const SessionArguments& defaults = {});
  /// Leaves alone what was not given. An error is one line that begins with the option's name.
  Status Read(SessionArguments* arguments) const;

 private:
  std::optional<std::string> threads_, context_, kv_, isa_, max_memory_;
  bool fast_ = false, exact_ = false, low_memory_ = false;
};

/// Adds the options to a (sub)command and fills `arguments`, which holds the defaults, when it has
/// been parsed; errors become CLI::ParseErrors. `arguments` must outlive the parsing.
void AddSessionArguments(CLI::App& app, SessionArguments& arguments);

/// The name that --kv has for a type: "f32", "f16", "bf16" or "int8".
std::string_view KvTypeName(DataType type);

/// Options for a session on these kernels. `context_size` is as given, 0 if it was not.
SessionOptions MakeSessionOptions(const SessionArguments& arguments, std::optional<Isa> isa);

/// The same with the kernels that --isa or the environment's FOVEA_ISA names; the error says which
/// of the two cannot be had.
Result<SessionOptions> ToSessionOptions(const SessionArguments& arguments);

/// How to load the model for such a session.
LoadOptions ToLoadOptions(const SessionArguments& arguments);

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_COMMON_SESSION_ARGUMENTS_H_
