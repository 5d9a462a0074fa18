// Running independent tasks on several threads. Platform knows threads, caches and files; it knows
// no tensor and nothing of the engine.
#ifndef FOVEA_PLATFORM_PARALLEL_H_
#define FOVEA_PLATFORM_PARALLEL_H_

#include <cstddef>
#include <type_traits>
#include <utility>

namespace fovea::platform {

/// A borrowed callable `void(size_t task, size_t worker)`: two pointers, no allocation. The
/// callable must outlive the call that it is passed to.
class TaskRef {
 public:
  template <typename F, typename = std::enable_if_t<!std::is_same_v<std::decay_t<F>, TaskRef>>>
  TaskRef(const F& callable)  // NOLINT: implicit by design
      : object_(&callable), call_([](const void* object, std::size_t task, std::size_t worker) {
          (*static_cast<const F*>(object))(task, worker);
        }) {}

  void operator()(std::size_t task, std::size_t worker) const { call_(object_, task, worker); }

 private:
  const void* object_;
  void (*call_)(const void*, std::size_t, std::size_t);
};

/// Runs tasks; not thread-safe itself (one caller at a time) and not re-entrant.
class Parallel {
 public:
  virtual ~Parallel() = default;

  /// Number of workers, the caller included; `worker` in Run is below it.
  virtual std::size_t workers() const = 0;

  /// Calls task(i, worker) for every i in [0, tasks), each once, in any order; returns when all are
  /// done. Allocates nothing. Tasks must not throw.
  virtual void Run(std::size_t tasks, TaskRef task) = 0;
};

/// Everything on the caller's thread.
class SerialParallel final : public Parallel {
 public:
  std::size_t workers() const override { return 1; }
  void Run(std::size_t tasks, TaskRef task) override {
    for (std::size_t i = 0; i < tasks; ++i) task(i, 0);
  }
};

}  // namespace fovea::platform

#endif  // FOVEA_PLATFORM_PARALLEL_H_
