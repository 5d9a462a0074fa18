// How much CPU time the process may use at once where a container or a service manager limits it:
// the CPU bandwidth control of Linux control groups, version 1 (cpu.cfs_quota_us) and 2 (cpu.max).
#ifndef FOVEA_PLATFORM_CPU_QUOTA_H_
#define FOVEA_PLATFORM_CPU_QUOTA_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fovea::platform {

/// Microseconds of CPU time in each period, over all cores.
struct CpuQuota {
  std::uint64_t quota = 0;
  std::uint64_t period = 0;

  /// Cores that the quota keeps busy all the time, rounded up; at least 1.
  std::size_t cores() const;
};

/// The text of a cpu.max file: "max 100000" (no limit) or "150000 100000". Nothing for no limit and
/// for text that is neither.
std::optional<CpuQuota> ParseCpuMax(std::string_view text);

/// The texts of cpu.cfs_quota_us (-1: no limit) and cpu.cfs_period_us. Nothing as of ParseCpuMax.
std::optional<CpuQuota> ParseCfsQuota(std::string_view quota, std::string_view period);

/// The tightest limit in cores of all groups that hold this process, from its own up to the
/// outermost one that it can read; nothing if none limits it. `root` is put before
/// /proc/self/cgroup, /proc/self/mountinfo and the mount points that they name: empty for this
/// machine, a folder for one that a test makes up.
std::optional<std::size_t> QuotaCores(const std::string& root = "");

}  // namespace fovea::platform

#endif  // FOVEA_PLATFORM_CPU_QUOTA_H_
