#include "tools/attention-dump/serve/http_server.h"

#include <httplib.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "fovea/status_macros.h"
#include "tools/attention-dump/serve/loopback_socket.h"
#include "tools/attention-dump/serve/page_token.h"
#include "tools/attention-dump/serve/request_stream.h"

namespace fovea::dump {
namespace {

constexpr std::chrono::milliseconds kAcceptWait{50};
/// Answered connections give up their places within this time.
constexpr std::chrono::milliseconds kPlaceWait = kMaxClosingTime + std::chrono::milliseconds(500);

enum Code : int {
  kForbidden = 403,
  kNotFound = 404,
  kMethodNotAllowed = 405,
  kLengthRequired = 411,
  kTooLarge = 413,
  kWrongType = 415,
  kServerError = 500,
};

/// No other site may show or embed this page or learn of it, and nothing is kept in the browser's
/// cache.
httplib::Headers SafeHeaders() {
  return {{"X-Content-Type-Options", "nosniff"},
          {"X-Frame-Options", "DENY"},
          {"Referrer-Policy", "no-referrer"},
          {"Cross-Origin-Resource-Policy", "same-origin"},
          {"Cross-Origin-Opener-Policy", "same-origin"},
          {"Cache-Control", "no-store"}};
}

/// Only the page's own script may run, and it may talk to this server alone.
std::string SecurityPolicy(const std::string& script_nonce) {
  if (script_nonce.empty()) return "default-src 'none'; frame-ancestors 'none'";
  return "default-src 'none'; script-src 'nonce-" + script_nonce +
         "'; style-src 'unsafe-inline'; img-src data: blob:; connect-src 'self'; "
         "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

void Refuse(int status, httplib::Response* response) {
  response->status = status;
  response->set_header("Content-Security-Policy", SecurityPolicy(""));
  response->set_content(status == kNotFound ? "not found\n" : "refused\n", "text/plain");
}

std::optional<std::size_t> ContentLength(const httplib::Request& request) {
  const std::string text = request.get_header_value("Content-Length");
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc() || end != text.data() + text.size() ||
      request.get_header_value_count("Content-Length") != 1) {
    return std::nullopt;
  }
  return length;
}

bool IsJson(const std::string& type) {
  return type == "application/json" || type.rfind("application/json;", 0) == 0;
}

}  // namespace

HttpAnswer NotFound() {
  return {.status = kNotFound, .type = "text/plain", .body = "not found\n"};
}

class HttpServer::Impl : private httplib::Server {
 public:
  Impl(LoopbackListener listener, std::string token, const RequestLimits& limits,
       HttpHandlers handlers);

  void Serve(const std::function<bool()>& stop);

  const std::string& address() const { return address_; }
  std::uint16_t port() const { return listener_.port; }
  const std::string& token() const { return token_; }

 private:
  using Verdict = httplib::Server::HandlerResponse;

  /// Counts one more connection. False: all places stay taken, or the server stops.
  bool TakePlace(const std::function<bool()>& stop);
  void GivePlace();
  /// On a thread of the pool, from the first byte to the last.
  void ServeConnection(Socket socket);
  /// Answers all but a proper POST, whose body is only read after this.
  Verdict Route(const httplib::Request& request, httplib::Response* response);
  /// What follows "/TOKEN/"; nothing if the token is wrong.
  std::optional<std::string_view> NameAfterToken(std::string_view path) const;
  bool IsFromHere(const httplib::Request& request) const;
  void Answer(const httplib::Request& request, std::string_view name,
              const std::function<HttpAnswer(const HttpRequest&)>& handler,
              httplib::Response* response);

  LoopbackListener listener_;
  std::string token_;
  RequestLimits limits_;
  HttpHandlers handlers_;
  std::string address_;
  std::atomic<bool> closing_{false};
  std::mutex mutex_;
  std::condition_variable place_given_;
  std::size_t connections_ = 0;
  std::map<std::thread::id, int> descriptors_;  // of the connection that a thread is serving
};

HttpServer::Impl::Impl(LoopbackListener listener, std::string token, const RequestLimits& limits,
                       HttpHandlers handlers)
    : listener_(std::move(listener)),
      token_(std::move(token)),
      limits_(limits),
      handlers_(std::move(handlers)),
      address_("http://127.0.0.1:" + std::to_string(listener_.port) + "/" + token_ + "/") {
  set_default_headers(SafeHeaders());
  set_payload_max_length(limits_.body_bytes);
  set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
    return Route(request, &response);
  });
  // Only what Route lets through gets here, so the pattern never meets a hostile path.
  Post("/" + token_ + "/run", [this](const httplib::Request& request, httplib::Response& response) {
    Answer(request, "run", handlers_.post, &response);
  });
  set_exception_handler([](const httplib::Request&, httplib::Response& response,
                           std::exception_ptr) { Refuse(kServerError, &response); });
}

void HttpServer::Impl::Serve(const std::function<bool()>& stop) {
  httplib::ThreadPool pool(limits_.connections);
  while (!stop()) {
    Socket socket = Accept(listener_, kAcceptWait);
    if (!socket.valid()) continue;
    if (!TakePlace(stop)) continue;  // closes it
    pool.enqueue([this, descriptor = socket.Release()] {
      ServeConnection(Socket(descriptor));
      GivePlace();
    });
  }
  closing_ = true;
  listener_.socket = Socket();
  pool.shutdown();
}

bool HttpServer::Impl::TakePlace(const std::function<bool()>& stop) {
  // A client may see the end of its answer, and come back, before its place is given up: only
  // those whose wait is in vain are turned away.
  const auto end = std::chrono::steady_clock::now() + kPlaceWait;
  std::unique_lock lock(mutex_);
  while (connections_ >= limits_.connections) {
    if (stop() || std::chrono::steady_clock::now() >= end) return false;
    place_given_.wait_for(lock, kAcceptWait);
  }
  ++connections_;
  return true;
}

void HttpServer::Impl::GivePlace() {
  {
    const std::lock_guard lock(mutex_);
    --connections_;
  }
  place_given_.notify_one();
}

void HttpServer::Impl::ServeConnection(Socket socket) {
  const int descriptor = socket.descriptor();
  {
    const std::lock_guard lock(mutex_);
    descriptors_[std::this_thread::get_id()] = descriptor;
  }
  RequestStream stream(descriptor, limits_, closing_);
  bool closed = false;
  try {
    process_request(stream, /*close_connection=*/true, closed, [](httplib::Request& request) {
      // Parts of an answer are never sent: they would let a small request make a huge answer.
      request.ranges.clear();
    });
  } catch (const std::exception&) {
    // Not enough memory for the request: its connection closes, the others go on.
  }
  if (!closing_) CloseGently(descriptor);
  const std::lock_guard lock(mutex_);
  descriptors_.erase(std::this_thread::get_id());
}

std::optional<std::string_view> HttpServer::Impl::NameAfterToken(std::string_view path) const {
  if (path.size() < kPageTokenLength + 2 || path[0] != '/' || path[kPageTokenLength + 1] != '/' ||
      !EqualInConstantTime(path.substr(1, kPageTokenLength), token_)) {
    return std::nullopt;
  }
  return path.substr(kPageTokenLength + 2);
}

bool HttpServer::Impl::IsFromHere(const httplib::Request& request) const {
  const std::string port = ":" + std::to_string(listener_.port);
  const std::string host = request.get_header_value("Host");
  // A site whose name was pointed at 127.0.0.1 (DNS rebinding) still sends its own name.
  if (request.get_header_value_count("Host") != 1 ||
      (host != "127.0.0.1" + port && host != "localhost" + port)) {
    return false;
  }
  const std::string origin = request.get_header_value("Origin");
  return origin.empty() || origin == "http://" + host;
}

HttpServer::Impl::Verdict HttpServer::Impl::Route(const httplib::Request& request,
                                                  httplib::Response* response) {
  const auto refuse = [response](int status) {
    Refuse(status, response);
    return Verdict::Handled;
  };
  if (!IsFromHere(request)) return refuse(kForbidden);
  const std::optional<std::string_view> name = NameAfterToken(request.path);
  if (!name) return refuse(kNotFound);
  if (request.method == "GET") {
    Answer(request, *name, handlers_.get, response);
    return Verdict::Handled;
  }
  if (request.method != "POST") return refuse(kMethodNotAllowed);
  if (*name != "run") return refuse(kNotFound);
  // A form of another site cannot send this type; a compressed body could grow without limit.
  if (!IsJson(request.get_header_value("Content-Type")) || request.has_header("Content-Encoding")) {
    return refuse(kWrongType);
  }
  const std::optional<std::size_t> length = ContentLength(request);
  if (!length || request.has_header("Transfer-Encoding")) return refuse(kLengthRequired);
  if (*length > limits_.body_bytes) return refuse(kTooLarge);
  return Verdict::Unhandled;
}

void HttpServer::Impl::Answer(const httplib::Request& request, std::string_view name,
                              const std::function<HttpAnswer(const HttpRequest&)>& handler,
                              httplib::Response* response) {
  int descriptor = -1;
  {
    const std::lock_guard lock(mutex_);
    descriptor = descriptors_.at(std::this_thread::get_id());
  }
  HttpAnswer answer = handler({.name = name, .body = request.body, .client_is_gone = [&] {
                                 return closing_.load() || PeerIsGone(descriptor);
                               }});
  response->status = answer.status;
  response->body = std::move(answer.body);
  response->set_header("Content-Type", answer.type);
  response->set_header("Content-Security-Policy", SecurityPolicy(answer.script_nonce));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::HttpServer(HttpServer&&) noexcept = default;
HttpServer& HttpServer::operator=(HttpServer&&) noexcept = default;
HttpServer::~HttpServer() = default;

Result<HttpServer> HttpServer::Open(std::uint16_t port, const RequestLimits& limits,
                                    HttpHandlers handlers) {
  Result<LoopbackListener> listener = ListenOnLoopback(port);
  FOVEA_RETURN_IF_ERROR(listener);
  Result<std::string> token = NewPageToken();
  FOVEA_RETURN_IF_ERROR(token);
  return HttpServer(
      std::make_unique<Impl>(std::move(*listener), std::move(*token), limits, std::move(handlers)));
}

const std::string& HttpServer::address() const {
  return impl_->address();
}
std::uint16_t HttpServer::port() const {
  return impl_->port();
}
const std::string& HttpServer::token() const {
  return impl_->token();
}
void HttpServer::Serve(const std::function<bool()>& stop) {
  impl_->Serve(stop);
}

}  // namespace fovea::dump
