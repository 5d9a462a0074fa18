#include "tools/attention-dump/serve/request_stream.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace fovea::dump {
namespace {

/// How soon a wait notices that the server closes.
constexpr std::chrono::milliseconds kSlice{50};

}  // namespace

RequestStream::RequestStream(int descriptor, const RequestLimits& limits,
                             const std::atomic<bool>& closing)
    : descriptor_(descriptor),
      limits_(limits),
      closing_(closing),
      receive_end_(Clock::now() + limits.receive_time) {}

bool RequestStream::is_readable() const {
  return buffer_begin_ < buffer_end_ || Wait(POLLIN, receive_end_);
}

bool RequestStream::is_writable() const {
  return Wait(POLLOUT,
              send_end_ == Clock::time_point() ? Clock::now() + limits_.send_time : send_end_);
}

bool RequestStream::Wait(short events, Clock::time_point end) const {
  while (!closing_.load(std::memory_order_relaxed)) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    if (left.count() <= 0) return false;
    pollfd state = {.fd = descriptor_, .events = events, .revents = 0};
    const int ready = ::poll(&state, 1, static_cast<int>(std::min(left, kSlice).count()));
    if (ready > 0) return (state.revents & (events | POLLHUP)) != 0;
    if (ready < 0 && errno != EINTR) return false;
  }
  return false;
}

ssize_t RequestStream::Fill() {
  for (;;) {
    if (!Wait(POLLIN, receive_end_)) return -1;
    const ssize_t count = ::recv(descriptor_, buffer_.data(), buffer_.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    buffer_begin_ = 0;
    buffer_end_ = count > 0 ? static_cast<std::size_t>(count) : 0;
    return count;
  }
}

bool RequestStream::Count(char byte) {
  ++counted_;
  if (!in_headers_) return counted_ <= limits_.body_bytes;
  if (byte == '\n') {
    if (line_is_empty_) {
      in_headers_ = false;
      counted_ = 0;
      return true;
    }
    line_is_empty_ = true;
  } else if (byte != '\r') {
    line_is_empty_ = false;
  }
  return counted_ <= limits_.header_bytes;
}

ssize_t RequestStream::read(char* bytes, std::size_t size) {
  if (buffer_begin_ == buffer_end_) {
    const ssize_t count = Fill();
    if (count <= 0) return count;
  }
  const std::size_t count = std::min(size, buffer_end_ - buffer_begin_);
  for (std::size_t i = 0; i < count; ++i) {
    if (!Count(buffer_[buffer_begin_ + i])) return -1;
  }
  std::memcpy(bytes, buffer_.data() + buffer_begin_, count);
  buffer_begin_ += count;
  return static_cast<ssize_t>(count);
}

ssize_t RequestStream::write(const char* bytes, std::size_t size) {
  if (send_end_ == Clock::time_point()) send_end_ = Clock::now() + limits_.send_time;
  for (;;) {
    if (!Wait(POLLOUT, send_end_)) return -1;
    const ssize_t count = ::send(descriptor_, bytes, size, MSG_NOSIGNAL);
    if (count >= 0 || (errno != EAGAIN && errno != EINTR)) return count;
  }
}

void RequestStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip = "127.0.0.1";  // nobody else can connect, and nothing depends on the port
  port = 0;
}

void RequestStream::get_local_ip_and_port(std::string& ip, int& port) const {
  ip = "127.0.0.1";
  port = 0;
}

}  // namespace fovea::dump
