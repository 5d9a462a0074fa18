// The command line of `attention-dump serve`.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_SERVE_SERVE_ARGUMENTS_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_SERVE_SERVE_ARGUMENTS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/command/common_arguments.h"

namespace fovea::dump {

/// --context is the length of one text with what is generated.
struct ServeArguments : CommonArguments {
  std::uint16_t port = 0;           ///< 0: any free one.
  std::chrono::seconds timeout{0};  ///< Of one run, waiting included.
};

/// Without --context; longer texts are better looked at with -o map.html.
inline constexpr std::size_t kDefaultLiveTokens = 1024;

/// Reads argv. An error is one line that begins with the argument it is about.
Result<ServeArguments> ParseServeArguments(int argc, const char* const* argv);

/// What `attention-dump serve --help` prints.
std::string ServeHelpText();

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_SERVE_SERVE_ARGUMENTS_H_
