#include "tools/attention-dump/serve/loopback_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

namespace fovea::dump {
namespace {

constexpr int kBacklog = 64;
constexpr std::size_t kMaxDiscardedBytes = std::size_t{4} << 20U;

using Clock = std::chrono::steady_clock;

Status CannotListen(std::uint16_t port) {
  const int error = errno;
  std::string message = "--port " + std::to_string(port) + ": ";
  if (error == EADDRINUSE) {
    message += "it is in use by another program; give another port, or none for any free one";
  } else if (error == EACCES) {
    message += "this user may not listen there; ports from 1024 on are free for all";
  } else {
    message += std::generic_category().message(error);
  }
  return {StatusCode::kIoError, message};
}

}  // namespace

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

Socket::~Socket() {
  if (valid()) ::close(descriptor_);
}

Result<LoopbackListener> ListenOnLoopback(std::uint16_t port) {
  LoopbackListener listener;
  listener.socket = Socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener.socket.valid()) return CannotListen(port);
  const int descriptor = listener.socket.descriptor();
  // Connections of an earlier run that linger must not keep the port; a live listener still does.
  const int yes = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(descriptor, generic, length) != 0 || ::listen(descriptor, kBacklog) != 0 ||
      ::getsockname(descriptor, generic, &length) != 0) {
    return CannotListen(port);
  }
  listener.port = ntohs(address.sin_port);
  return listener;
}

Socket Accept(const LoopbackListener& listener, std::chrono::milliseconds wait) {
  pollfd ready = {.fd = listener.socket.descriptor(), .events = POLLIN, .revents = 0};
  if (::poll(&ready, 1, static_cast<int>(wait.count())) <= 0) return Socket();
  Socket socket(::accept4(ready.fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (socket.valid()) {
    const int yes = 1;  // answers are written whole: nothing to wait for
    ::setsockopt(socket.descriptor(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
    ::poll(nullptr, 0, 10);  // no descriptors left: wait for some to close
  }
  return socket;
}

bool PeerIsGone(int descriptor) {
  pollfd state = {.fd = descriptor, .events = POLLRDHUP, .revents = 0};
  return ::poll(&state, 1, 0) != 0;
}

void CloseGently(int descriptor) {
  ::shutdown(descriptor, SHUT_WR);
  const Clock::time_point end = Clock::now() + kMaxClosingTime;
  std::array<char, 16384> bytes;
  for (std::size_t discarded = 0; discarded < kMaxDiscardedBytes;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    pollfd readable = {.fd = descriptor, .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&readable, 1, static_cast<int>(left.count())) <= 0) return;
    const ssize_t count = ::recv(descriptor, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count <= 0) return;
    discarded += static_cast<std::size_t>(count);
  }
}

}  // namespace fovea::dump
