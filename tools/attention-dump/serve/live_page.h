// What the live page's server answers: the page itself, what it needs to know of the model, and
// the maps of the texts that are typed there.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_SERVE_LIVE_PAGE_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_SERVE_LIVE_PAGE_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/serve/http_server.h"
#include "tools/attention-dump/serve/run_queue.h"
#include "tools/attention-dump/serve/run_request.h"

namespace fovea::dump {

struct LivePageOptions {
  std::string title;             ///< Untrusted text.
  std::string text;              ///< That the page begins with; may be empty.
  std::size_t context_size = 0;  ///< Told to people; what runs checks it itself.
  std::size_t most_waiting = 8;
  std::chrono::milliseconds timeout{60'000};
};

/// Runs a request: a page as RenderContainer gives it. Called by one thread at a time. `stop` is to
/// be asked often; true means that nobody waits for the answer.
using LiveRun =
    std::function<Result<std::string>(const RunRequest&, const std::function<bool()>& stop)>;

/// May be called on several threads at once. Answers that are no success have a JSON body {"error":
/// one line for people, "code": "input", "busy", "superseded", "timeout" or "failed"}.
class LivePage {
 public:
  LivePage(LivePageOptions options, LiveRun run);

  /// "": the page; "model": JSON about the model.
  HttpAnswer Get(const HttpRequest& request) const;
  /// "run": a page container.
  HttpAnswer Post(const HttpRequest& request);

 private:
  HttpAnswer Run(const RunRequest& run, const HttpRequest& request);

  LivePageOptions options_;
  LiveRun run_;
  RunQueue queue_;
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_SERVE_LIVE_PAGE_H_
