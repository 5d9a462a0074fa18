#include "tools/common/process_memory.h"

#include <sys/resource.h>

#include <fstream>
#include <string>

namespace fovea::tools {
namespace {

/// A line like "VmHWM:     1234 kB" of Linux's account of this process. (getrusage would also count
/// what the parent had resident when it started us.)
std::size_t StatusBytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  std::string name;
  while (status >> name) {
    std::size_t kilobytes = 0;
    if (name == field + ":" && status >> kilobytes) return kilobytes * 1024;
    status.clear();
    status.ignore(4096, '\n');
  }
  return 0;
}

}  // namespace

std::size_t ResidentBytes() {
  return StatusBytes("VmRSS");
}

std::size_t PeakResidentBytes() {
  if (const std::size_t bytes = StatusBytes("VmHWM"); bytes != 0) return bytes;
  rusage usage = {};
  if (::getrusage(RUSAGE_SELF, &usage) != 0 || usage.ru_maxrss < 0) return 0;
#ifdef __APPLE__
  constexpr std::size_t kUnit = 1;
#else
  constexpr std::size_t kUnit = 1024;
#endif
  return static_cast<std::size_t>(usage.ru_maxrss) * kUnit;
}

}  // namespace fovea::tools
