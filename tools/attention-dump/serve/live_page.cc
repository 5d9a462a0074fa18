#include "tools/attention-dump/serve/live_page.h"

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "tools/attention-dump/page/page_document.h"
#include "tools/attention-dump/serve/page_token.h"

namespace fovea::dump {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

enum Code : int { kBadRequest = 400, kConflict = 409, kServerError = 500, kUnavailable = 503 };

HttpAnswer Failure(int status, std::string_view code, const std::string& message) {
  return {.status = status,
          .type = "application/json",
          .body = Json{{"code", code}, {"error", message}}.dump(-1, ' ', false,
                                                                Json::error_handler_t::replace)};
}

/// The message of a run that could not be done, from what it is about on.
HttpAnswer RunFailure(const Status& status) {
  switch (status.code()) {
    case StatusCode::kInvalidArgument:
    case StatusCode::kLimitExceeded:
    case StatusCode::kMalformed:
    case StatusCode::kUnsupported: return Failure(kBadRequest, "input", status.message());
    default: return Failure(kServerError, "failed", status.message());
  }
}

}  // namespace

LivePage::LivePage(LivePageOptions options, LiveRun run)
    : options_(std::move(options)), run_(std::move(run)), queue_(options_.most_waiting) {}

HttpAnswer LivePage::Get(const HttpRequest& request) const {
  if (request.name == "model") {
    const Json about = {{"title", options_.title},
                        {"text", options_.text},
                        {"context_size", options_.context_size},
                        {"timeout", options_.timeout.count()}};
    return {.type = "application/json",
            .body = about.dump(-1, ' ', false, Json::error_handler_t::replace)};
  }
  if (!request.name.empty()) return NotFound();
  Result<std::string> nonce = NewPageToken();
  if (!nonce) return Failure(kServerError, "failed", nonce.status().message());
  return {.type = "text/html; charset=utf-8",
          .body = RenderLivePage(options_.title, *nonce),
          .script_nonce = *nonce};
}

HttpAnswer LivePage::Post(const HttpRequest& request) {
  const Result<RunRequest> run = ParseRunRequest(request.body);
  if (!run) return Failure(kBadRequest, "input", run.status().message());
  return Run(*run, request);
}

HttpAnswer LivePage::Run(const RunRequest& run, const HttpRequest& request) {
  const Clock::time_point end = Clock::now() + options_.timeout;
  const auto is_late = [end] { return Clock::now() >= end; };
  const auto nobody_waits = [&] { return is_late() || request.client_is_gone(); };
  const auto cancelled = [&](bool superseded) {
    if (superseded) return Failure(kConflict, "superseded", "a newer request of this page came");
    if (!is_late()) return Failure(kUnavailable, "failed", "the client or the server has gone");
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(options_.timeout);
    return Failure(kUnavailable, "timeout",
                   "it took longer than " + std::to_string(seconds.count()) +
                       " s and was given up; shorten the text, choose layers and heads, or start "
                       "serve with a larger --timeout");
  };
  Result<RunQueue::Turn> turn = queue_.Wait(run.page, nobody_waits);
  if (!turn && turn.status().code() == StatusCode::kLimitExceeded) {
    return Failure(kUnavailable, "busy", turn.status().message());
  }
  if (!turn) return cancelled(!nobody_waits());
  Result<std::string> container =
      run_(run, [&] { return turn->is_superseded() || nobody_waits(); });
  if (!container && container.status().code() == StatusCode::kCancelled) {
    return cancelled(turn->is_superseded());
  }
  if (!container) return RunFailure(container.status());
  return {.type = "application/octet-stream", .body = std::move(*container)};
}

}  // namespace fovea::dump
