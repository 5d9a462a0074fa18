// One connection as the HTTP library uses it: bytes come and go within the limits of a request, and
// at the end of a limit the stream ends.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_SERVE_REQUEST_STREAM_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_SERVE_REQUEST_STREAM_H_

#include <httplib.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>

#include "tools/attention-dump/serve/request_limits.h"

namespace fovea::dump {

class RequestStream final : public httplib::Stream {
 public:
  /// Owns nothing. `closing`: set by another thread, it ends every wait.
  RequestStream(int descriptor, const RequestLimits& limits, const std::atomic<bool>& closing);

  bool is_readable() const override;
  bool is_writable() const override;
  /// 0 at the end, -1 when a limit is reached.
  ssize_t read(char* bytes, std::size_t size) override;
  ssize_t write(const char* bytes, std::size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return descriptor_; }

 private:
  using Clock = std::chrono::steady_clock;

  /// Waits for `events` until `end`; false: not in time, or the server closes.
  bool Wait(short events, Clock::time_point end) const;
  /// Reads ahead into buffer_; 0 at the end, -1 for errors.
  ssize_t Fill();
  /// Counts a byte that is handed on; false: too many.
  bool Count(char byte);

  int descriptor_;
  const RequestLimits& limits_;
  const std::atomic<bool>& closing_;
  Clock::time_point receive_end_;
  Clock::time_point send_end_ = {};  // set by the first write
  std::array<char, 4096> buffer_ = {};
  std::size_t buffer_begin_ = 0, buffer_end_ = 0;
  bool in_headers_ = true;
  bool line_is_empty_ = true;
  std::size_t counted_ = 0;  // bytes of the headers, then of the body
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_SERVE_REQUEST_STREAM_H_
