#include <algorithm>

#include "engine/model/session_memory.h"
#include "fovea/threads.h"
#include "platform/cpu_topology.h"
#include "platform/exceptions.h"

namespace fovea {

std::size_t UsefulThreads() {
  return platform::IfMemoryLasts(
      [] { return std::min(platform::UsefulCores(), model::kMaxThreads); },
      [] { return std::size_t{1}; });
}

}  // namespace fovea
