#include "tools/attention-dump/serve/serve_arguments.h"
#include "fovea/status_macros.h"

#include <CLI/CLI.hpp>
#include <limits>
#include <optional>

namespace fovea::dump {
namespace {

constexpr std::size_t kMaxPort = std::numeric_limits<std::uint16_t>::max();
constexpr std::size_t kMinContext = 2;
constexpr std::size_t kMaxContext = 32'768;
constexpr std::size_t kDefaultTimeout = 60;
constexpr std::size_t kMaxTimeout = 3600;

}  // namespace

Result<ServeArguments> ParseServeArguments(int argc, const char* const* argv) {
  ServeArguments arguments;
  CLI::App app;
  CommonOptions common;
  std::optional<std::string> port_text, timeout_text, host;
  common.AddTo(&app);
  app.add_option("--port", port_text);
  app.add_option("--timeout", timeout_text);
  app.add_option("--host,--bind,--address", host);
  FOVEA_RETURN_IF_ERROR(ParseOptions(argc, argv, &app));
  arguments.help = common.help();
  if (arguments.help) return arguments;
  if (host) {
    return Usage("--host: the page is for this machine alone; serve answers on 127.0.0.1 only");
  }
  std::size_t port = 0, timeout = kDefaultTimeout;
  Status status = common.Read(&arguments);
  if (status.ok()) status = ReadCount("--port", port_text, 1, kMaxPort, &port);
  if (status.ok() && arguments.context != 0) {
    status = ReadCount("--context", std::to_string(arguments.context), kMinContext, kMaxContext,
                       &arguments.context);
  }
  if (status.ok()) status = ReadCount("--timeout", timeout_text, 1, kMaxTimeout, &timeout);
  if (status.ok() && arguments.input == TextArguments::Input::kTokens) {
    status = Usage("--tokens: the live page shows a text; give --text or --file, or type there");
  }
  FOVEA_RETURN_IF_ERROR(status);
  arguments.port = static_cast<std::uint16_t>(port);
  arguments.timeout = std::chrono::seconds(timeout);
  return arguments;
}

std::string ServeHelpText() {
  return R"(Usage: attention-dump serve [MODEL] [--port N] [--text T | --file F | -] [option ...]

Opens a page for this machine's browsers where you type a text and the maps follow: the same page
that -o map.html writes, fed by the model as you go. Without MODEL: the small model that ships.

Prints the address to open, once the model is loaded; Ctrl-C ends it. The address holds a random
token: only who knows it can use the page, and only from this machine.

Examples
  attention-dump serve
  attention-dump serve model.gguf --text "When Mary and John went out, John gave a book to"
  attention-dump serve model.gguf --port 8080 --context 2048 --fast

Options
  --port N            listen there (default: any free port)
  --text T, --file F, -   the text that the page begins with
  --context N         longest text, what is generated included (default: 1024, or the model's
                      context if that is shorter; at most 32768)
  --timeout SECONDS   a run that takes longer is given up (default: 60)
  -q, --quiet         print the address and nothing else

How to run, as for attention-dump: --threads N  --kv f32  --fast  --exact  --isa NAME
  --low-memory  --max-memory BYTES

  -h, --help          this text

Exit status: 0 ended by Ctrl-C or SIGTERM, 1 it could not start (one line says why), 2 the command
line is wrong.
)";
}

}  // namespace fovea::dump
