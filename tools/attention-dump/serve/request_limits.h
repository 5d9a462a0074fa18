// What one client of the live page may cost. The page is for people at this machine, but every
// program on it can reach the port, so nothing that comes in is trusted to be small or to end.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_SERVE_REQUEST_LIMITS_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_SERVE_REQUEST_LIMITS_H_

#include <chrono>
#include <cstddef>

namespace fovea::dump {

struct RequestLimits {
  /// Connections at once; more are closed if no place is given up soon. Browsers open a few ahead
  /// of need.
  std::size_t connections = 24;
  std::size_t header_bytes = 16U << 10U;  ///< Request line and headers together.
  std::size_t body_bytes = 1U << 20U;
  /// From the first byte awaited to the last byte of the body, however slowly they drip.
  std::chrono::milliseconds receive_time{10'000};
  /// For the whole answer.
  std::chrono::milliseconds send_time{30'000};
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_SERVE_REQUEST_LIMITS_H_
