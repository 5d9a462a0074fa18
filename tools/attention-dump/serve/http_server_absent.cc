// In http_server.cc's place where the HTTP library was not found: a server that says so.
#include "tools/attention-dump/serve/http_server.h"

#include <utility>

namespace fovea::dump {

class HttpServer::Impl {};

HttpAnswer NotFound() {
  return {.status = 404, .type = "text/plain", .body = "not found\n"};
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::HttpServer(HttpServer&&) noexcept = default;
HttpServer& HttpServer::operator=(HttpServer&&) noexcept = default;
HttpServer::~HttpServer() = default;

Result<HttpServer> HttpServer::Open(std::uint16_t, const RequestLimits&, HttpHandlers) {
  return Status(
      StatusCode::kUnsupported,
      "serve: this build has none: it is static, or cpp-httplib 0.11 (libcpp-httplib-dev) "
      "was not there when it was configured; -o map.html writes the same page as a file");
}

const std::string& HttpServer::address() const {
  static const std::string kNone;
  return kNone;
}
std::uint16_t HttpServer::port() const {
  return 0;
}
const std::string& HttpServer::token() const {
  return address();
}
void HttpServer::Serve(const std::function<bool()>&) {}

}  // namespace fovea::dump
