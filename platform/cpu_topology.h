// Which cores there are for us and how fast they are beside each other: boards and phones put fast
// and slow ones on one chip (big.LITTLE).
#ifndef FOVEA_PLATFORM_CPU_TOPOLOGY_H_
#define FOVEA_PLATFORM_CPU_TOPOLOGY_H_

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace fovea::platform {

/// Numbers of the cores that this process may run on (its affinity mask), ascending; empty if the
/// system does not say.
std::vector<std::size_t> UsableCores();

/// How many those are, at least 1.
std::size_t AvailableCores();

/// Speeds of these cores in units of the system's own: cpu_capacity (1024 for the fastest kind of
/// core; Linux has it on ARM and RISC-V), else the highest clock. All 1 if any core has neither.
/// `folder` is /sys/devices/system/cpu, or one like it.
std::vector<std::size_t> CoreSpeeds(std::span<const std::size_t> cores, const std::string& folder);

/// How many of cores of these speeds are worth a thread each: all but those that are slower than a
/// quarter of the fastest. Threads take their work in small pieces, so a core that is two or three
/// times as slow as another adds what it can; a slower one would cost more than that, because all
/// wait for the last piece of each product. At least 1.
std::size_t UsefulCores(std::span<const std::size_t> speeds);

/// Of this machine, and no more than its CPU quota keeps busy (cpu_quota.h).
std::size_t UsefulCores();

/// Whether some of cores of these speeds are so slow beside the fastest (less than three quarters)
/// that an even share of work would hold it up. Clocks that differ by a few percent, as those of
/// some desktop processors do, count as equal.
bool AreUnequal(std::span<const std::size_t> speeds);

/// Whether those of this machine are.
bool HasUnequalCores();

}  // namespace fovea::platform

#endif  // FOVEA_PLATFORM_CPU_TOPOLOGY_H_
