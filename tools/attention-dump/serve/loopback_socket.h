// Sockets of the live page: one that listens on 127.0.0.1 and nowhere else, and the connections
// that it accepts.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_SERVE_LOOPBACK_SOCKET_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_SERVE_LOOPBACK_SOCKET_H_

#include <chrono>
#include <cstdint>
#include <utility>

#include <fovea/fovea.hpp>

namespace fovea::dump {

/// Closes itself.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();

  bool valid() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }
  int Release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_ = -1;
};

struct LoopbackListener {
  Socket socket;
  std::uint16_t port = 0;
};

/// Listens on 127.0.0.1. Port 0: any free one. kIoError says which port and why not.
Result<LoopbackListener> ListenOnLoopback(std::uint16_t port);

/// The next connection; not valid if none came within `wait` or a signal came. Does not block
/// reads or writes.
Socket Accept(const LoopbackListener& listener, std::chrono::milliseconds wait);

/// The other side has closed its half, or the connection broke.
bool PeerIsGone(int descriptor);

inline constexpr std::chrono::milliseconds kMaxClosingTime{1000};

/// Ends a connection so that the other side can still read what it was sent: closes our half, then
/// throws away what comes until the other side closes too, or kMaxClosingTime is over.
void CloseGently(int descriptor);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_SERVE_LOOPBACK_SOCKET_H_
