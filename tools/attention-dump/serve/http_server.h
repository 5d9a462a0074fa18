// The web server of the live page. It answers on 127.0.0.1 only, and only to requests that name the
// random token of its address and that were not led here by another site (Host and Origin). What a
// request may cost is bounded; what it is answered is its handler's business.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_SERVE_HTTP_SERVER_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_SERVE_HTTP_SERVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/serve/request_limits.h"

namespace fovea::dump {

/// A request that has passed all checks.
struct HttpRequest {
  std::string_view name;  ///< What follows the token: "" for the page itself, "page.js", "run" …
  std::string_view body;  ///< Of a POST: JSON, so it says; else empty.
  /// The client has closed the connection, or the server closes: nobody waits for the answer.
  std::function<bool()> client_is_gone;
};

struct HttpAnswer {
  int status = 200;
  std::string type = {};  ///< Content-Type.
  std::string body = {};
  std::string script_nonce = {};  ///< Of the scripts in a page that may run; empty: none may.
};

/// The same as for an address that does not exist; without detail.
HttpAnswer NotFound();

/// Called on several threads at once.
struct HttpHandlers {
  std::function<HttpAnswer(const HttpRequest&)> get;
  std::function<HttpAnswer(const HttpRequest&)> post;
};

class HttpServer {
 public:
  /// Takes the port (0: any free one) but answers nothing yet. kIoError if it cannot be had.
  static Result<HttpServer> Open(std::uint16_t port, const RequestLimits& limits,
                                 HttpHandlers handlers);
  HttpServer(HttpServer&&) noexcept;
  HttpServer& operator=(HttpServer&&) noexcept;
  ~HttpServer();

  /// "http://127.0.0.1:PORT/TOKEN/"
  const std::string& address() const;
  std::uint16_t port() const;
  const std::string& token() const;

  /// Answers until `stop` is true, which is asked many times a second; then ends all connections
  /// and returns when no thread is left.
  void Serve(const std::function<bool()>& stop);

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_SERVE_HTTP_SERVER_H_
