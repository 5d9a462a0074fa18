// How much memory this process takes, as the system counts it: every resident page, mapped files
// included.
#ifndef FOVEA_TOOLS_COMMON_PROCESS_MEMORY_H_
#define FOVEA_TOOLS_COMMON_PROCESS_MEMORY_H_

#include <cstddef>

namespace fovea::tools {

/// Bytes resident now; 0 where the system does not tell.
std::size_t ResidentBytes();

/// The most bytes that were resident at any time; 0 where the system does not tell.
std::size_t PeakResidentBytes();

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_COMMON_PROCESS_MEMORY_H_
