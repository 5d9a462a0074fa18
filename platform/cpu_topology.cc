#include "platform/cpu_topology.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "platform/cpu_quota.h"

namespace fovea::platform {
namespace {

/// Slower cores than this part of the fastest are left alone.
constexpr std::size_t kSlowestPart = 4;

constexpr char kSystemFolder[] = "/sys/devices/system/cpu";

/// The number that a small system file holds; 0 if there is none.
std::size_t ReadNumber(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  char text[32];
  const ssize_t got = ::read(file, text, sizeof(text));
  ::close(file);
  std::size_t value = 0;
  if (got > 0) std::from_chars(text, text + got, value);
  return value;
}

std::vector<std::size_t> ReadAll(std::span<const std::size_t> cores, const std::string& folder,
                                 const std::string& file) {
  std::vector<std::size_t> values;
  for (const std::size_t core : cores) {
    values.push_back(ReadNumber(folder + "/cpu" + std::to_string(core) + file));
  }
  return values;
}

}  // namespace

std::vector<std::size_t> UsableCores() {
#if defined(__linux__)
  // A machine may have more cores than cpu_set_t counts: the kernel then refuses, and we ask with
  // more.
  for (std::size_t most = CPU_SETSIZE; most <= (std::size_t{1} << 16); most *= 4) {
    cpu_set_t* set = CPU_ALLOC(most);
    if (set == nullptr) break;
    const std::size_t bytes = CPU_ALLOC_SIZE(most);
    std::vector<std::size_t> cores;
    if (::sched_getaffinity(0, bytes, set) == 0) {
      for (std::size_t core = 0; core < most; ++core) {
        if (CPU_ISSET_S(core, bytes, set)) cores.push_back(core);
      }
    }
    CPU_FREE(set);
    if (!cores.empty()) return cores;
  }
#endif
  return {};
}

std::size_t AvailableCores() {
  if (const std::size_t usable = UsableCores().size(); usable != 0) return usable;
  const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? static_cast<std::size_t>(online) : 1;
}

std::vector<std::size_t> CoreSpeeds(std::span<const std::size_t> cores, const std::string& folder) {
  for (const char* file : {"/cpu_capacity", "/cpufreq/cpuinfo_max_freq"}) {
    std::vector<std::size_t> speeds = ReadAll(cores, folder, file);
    if (std::find(speeds.begin(), speeds.end(), 0U) == speeds.end()) return speeds;
  }
  return std::vector<std::size_t>(cores.size(), 1);
}

std::size_t UsefulCores(std::span<const std::size_t> speeds) {
  if (speeds.empty()) return 1;
  const std::size_t fastest = *std::max_element(speeds.begin(), speeds.end());
  const auto useful = std::count_if(speeds.begin(), speeds.end(), [&](std::size_t speed) {
    return speed >= fastest / kSlowestPart;
  });
  return static_cast<std::size_t>(useful);
}

std::size_t UsefulCores() {
  const std::vector<std::size_t> cores = UsableCores();
  const std::size_t useful =
      cores.empty() ? AvailableCores() : UsefulCores(CoreSpeeds(cores, kSystemFolder));
  return std::min(useful, QuotaCores().value_or(useful));
}

bool AreUnequal(std::span<const std::size_t> speeds) {
  if (speeds.empty()) return false;
  const auto [slowest, fastest] = std::minmax_element(speeds.begin(), speeds.end());
  return *slowest < *fastest - *fastest / 4;
}

bool HasUnequalCores() {
  return AreUnequal(CoreSpeeds(UsableCores(), kSystemFolder));
}

}  // namespace fovea::platform
