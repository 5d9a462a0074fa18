// How many threads a session should have on this machine.
#ifndef FOVEA_THREADS_H_
#define FOVEA_THREADS_H_

#include <cstddef>

namespace fovea {

/// The cores that this process may use and that are worth a thread: all of its affinity mask on
/// most machines; where fast and slow cores share a chip, those at least a quarter as fast as the
/// fastest; where a container has a CPU quota (cgroup v1 or v2), no more than that keeps busy,
/// rounded up. At least 1. Sessions use fewer for steps too small to gain from them
/// (SessionOptions::adaptive_threads). Thread-safe. Example:
/// @code
/// auto session = Session::Create(model, {.threads = UsefulThreads()});
/// if (!session) return session.status();
/// std::printf("%zu threads\n", session->threads());
/// @endcode
std::size_t UsefulThreads();

}  // namespace fovea

#endif  // FOVEA_THREADS_H_
