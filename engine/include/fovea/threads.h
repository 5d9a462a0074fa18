// How many threads a session should have on this machine.
#ifndef FOVEA_THREADS_H_
#define FOVEA_THREADS_H_

#include <cstddef>

namespace fovea {

/// The cores that this process may use and that are worth a thread: all of them on most machines;
/// where fast and slow cores share a chip, those that are at least a quarter as fast as the
/// fastest. At least 1; may throw std::bad_alloc. Thread-safe. Example: `auto session =
/// Session::Create(*model, {.threads = UsefulThreads()});`
std::size_t UsefulThreads();

}  // namespace fovea

#endif  // FOVEA_THREADS_H_
