// Counts what the test program allocates with new.
#ifndef FOVEA_TESTS_FORMAT_MEMORY_METER_H_
#define FOVEA_TESTS_FORMAT_MEMORY_METER_H_

#include <cstddef>

namespace fovea::testing {

/// Bytes allocated now.
std::size_t AllocatedBytes();

/// The most bytes allocated at one time since ResetPeak.
std::size_t PeakBytes();
void ResetPeak();

}  // namespace fovea::testing

#endif  // FOVEA_TESTS_FORMAT_MEMORY_METER_H_
