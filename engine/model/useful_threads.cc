#include <algorithm>

#include "fovea/threads.h"
#include "platform/cpu_topology.h"
#include "platform/exceptions.h"

namespace fovea {
namespace {

constexpr std::size_t kMaxThreads = 256;  // of a session

}  // namespace

std::size_t UsefulThreads() {
  return platform::IfMemoryLasts([] { return std::min(platform::UsefulCores(), kMaxThreads); },
                                 [] { return std::size_t{1}; });
}

}  // namespace fovea
