#include "tools/attention-dump/serve/serve_command.h"

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "fovea/status_macros.h"
#include "tools/attention-dump/base/human.h"
#include "tools/attention-dump/run/prompt.h"
#include "tools/attention-dump/serve/http_server.h"
#include "tools/attention-dump/serve/live_model.h"
#include "tools/attention-dump/serve/live_page.h"
#include "tools/attention-dump/serve/serve_arguments.h"
#include "tools/common/choose_isa.h"

namespace fovea::dump {
namespace {

/// At once: whoever waits for the address reads it from a pipe perhaps.
Status Announce(const std::string& line) {
  if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size() || std::fflush(stdout) != 0) {
    return {StatusCode::kIoError, "standard output: it could not be written"};
  }
  return Status::Ok();
}

Result<std::string> Serve(const ServeArguments& arguments, const RunEnvironment& environment) {
  const Result<std::optional<Isa>> isa = tools::ChooseIsa(arguments.isa, environment.isa_variable);
  FOVEA_RETURN_IF_ERROR(isa);
  Result<std::string> text = ReadText(arguments);
  FOVEA_RETURN_IF_ERROR(text);

  // The port first: it fails at once, loading takes its time. It answers only once Serve runs.
  std::optional<LiveModel> model;
  std::optional<LivePage> page;
  std::atomic<std::size_t> runs{0};
  HttpHandlers handlers;
  handlers.get = [&](const HttpRequest& request) { return page->Get(request); };
  handlers.post = [&](const HttpRequest& request) { return page->Post(request); };
  Result<HttpServer> server = HttpServer::Open(arguments.port, RequestLimits(), handlers);
  FOVEA_RETURN_IF_ERROR(server);

  Result<LiveModel> loaded = LiveModel::Open(arguments, *isa);
  FOVEA_RETURN_IF_ERROR(loaded);
  model.emplace(std::move(*loaded));
  const std::string name = std::filesystem::path(model->info().path).filename().string();
  page.emplace(LivePageOptions{.title = name,
                               .text = std::move(*text),
                               .context_size = model->context_size(),
                               .timeout = arguments.timeout},
               [&](const RunRequest& request, const std::function<bool()>& stop) {
                 ++runs;
                 return model->Run(request, stop);
               });
  const std::string line = arguments.quiet ? server->address()
                                           : OneLine(name) + ": open " + server->address() +
                                                 " in a browser of this machine (Ctrl-C ends it)";
  FOVEA_RETURN_IF_ERROR(Announce(line + "\n"));
  server->Serve(environment.interrupted);
  return arguments.quiet ? std::string() : "closed after " + Counted(runs, "run") + "\n";
}

}  // namespace

CommandOutcome ServeCommand(int argc, const char* const* argv, const RunEnvironment& environment) {
  const Result<ServeArguments> arguments = ParseServeArguments(argc, argv);
  if (!arguments) return UsageFailure(arguments.status(), "attention-dump serve --help");
  if (arguments->help) return {.exit_code = 0, .output = ServeHelpText(), .error = {}};
  return ToOutcome(Serve(*arguments, environment));
}

}  // namespace fovea::dump
