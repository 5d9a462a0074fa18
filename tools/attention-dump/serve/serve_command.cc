#include "tools/attention-dump/serve/serve_command.h"

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "fovea/status_macros.h"
#include "tools/attention-dump/base/human.h"
#include "tools/attention-dump/run/job.h"
#include "tools/attention-dump/serve/http_server.h"
#include "tools/attention-dump/serve/live_model.h"
#include "tools/attention-dump/serve/live_page.h"
#include "tools/attention-dump/serve/serve_arguments.h"

namespace fovea::dump {
namespace {

/// Flushed at once: a program that waits for the address may read it from a pipe.
Status Announce(const std::string& line) {
  if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size() || std::fflush(stdout) != 0) {
    return {StatusCode::kIoError, "standard output: it could not be written"};
  }
  return Status::Ok();
}

class ServeJob final : public Job {
 public:
  ServeJob(const ServeArguments& arguments, const RunEnvironment& environment)
      : Job(arguments, environment), arguments_(arguments) {}

 protected:
  Status ReadTexts() override;
  Status MakePrompts() override { return Status::Ok(); }   // the requests bring their own
  Status CheckLengths() override { return Status::Ok(); }  // likewise
  Status OpenSessions() override;
  Status RunModels() override;
  std::string Summary() override;

 private:
  const ServeArguments& arguments_;
  std::optional<HttpServer> server_;
  std::optional<LiveModel> live_;
  std::optional<LivePage> page_;
  std::atomic<std::size_t> runs_{0};
};

/// Takes the port, too: it fails at once, while loading takes its time. It answers only once
/// RunModels serves.
Status ServeJob::ReadTexts() {
  FOVEA_RETURN_IF_ERROR(Job::ReadTexts());
  HttpHandlers handlers;
  handlers.get = [this](const HttpRequest& request) { return page_->Get(request); };
  handlers.post = [this](const HttpRequest& request) { return page_->Post(request); };
  Result<HttpServer> server = HttpServer::Open(arguments_.port, RequestLimits(), handlers);
  FOVEA_RETURN_IF_ERROR(server);
  server_.emplace(std::move(*server));
  return Status::Ok();
}

Status ServeJob::OpenSessions() {
  Result<LiveModel> live = LiveModel::Open(std::move(*model_), arguments_, isa_);
  FOVEA_RETURN_IF_ERROR(live);
  live_.emplace(std::move(*live));
  return Status::Ok();
}

Status ServeJob::RunModels() {
  const std::string name = std::filesystem::path(live_->info().path).filename().string();
  page_.emplace(LivePageOptions{.title = name,
                                .text = std::move(text_),
                                .context_size = live_->context_size(),
                                .timeout = arguments_.timeout},
                [this](const RunRequest& request, const std::function<bool()>& stop) {
                  ++runs_;
                  return live_->Run(request, stop);
                });
  const std::string line = arguments_.quiet ? server_->address()
                                            : OneLine(name) + ": open " + server_->address() +
                                                  " in a browser of this machine (Ctrl-C ends it)";
  FOVEA_RETURN_IF_ERROR(Announce(line + "\n"));
  server_->Serve(environment_.interrupted);
  return Status::Ok();
}

std::string ServeJob::Summary() {
  return arguments_.quiet ? std::string() : "closed after " + Counted(runs_, "run") + "\n";
}

}  // namespace

CommandOutcome ServeCommand(int argc, const char* const* argv, const RunEnvironment& environment) {
  const Result<ServeArguments> arguments = ParseServeArguments(argc, argv);
  if (!arguments) return UsageFailure(arguments.status(), "attention-dump serve --help");
  if (arguments->help) return {.exit_code = 0, .output = ServeHelpText(), .error = {}};
  return ToOutcome(ServeJob(*arguments, environment).Do());
}

}  // namespace fovea::dump
