#include <algorithm>

#include "fovea/threads.h"
#include "platform/cpu_topology.h"

namespace fovea {

std::size_t UsefulThreads() {
  constexpr std::size_t kMostThreads = 256;  // of a session
  return std::min(platform::UsefulCores(), kMostThreads);
}

}  // namespace fovea
