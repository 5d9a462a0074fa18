// Host-provided resources: an allocator and an executor of the application's, in place of the
// library's own.
#ifndef FOVEA_RESOURCES_H_
#define FOVEA_RESOURCES_H_

#include <cstddef>

namespace fovea {

/// Gives the large blocks of memory: a model's bytes (unless they are mapped or borrowed), a
/// session's KV cache and scratch, an observer's rows, a recorder's maps. Small things (names, the
/// vocabulary, lists of tensors) come from operator new. Must outlive everything that was made with
/// it; must be thread-safe if it is shared by models or sessions of different threads. Methods must
/// not throw.
///
/// Example:
/// @code
/// struct Arena : Allocator {
///   void* Allocate(std::size_t bytes) override { return std::malloc(bytes); }
///   void Free(void* block, std::size_t) override { std::free(block); }
/// } arena;
/// auto session = Session::Create(model, {.allocator = &arena});
/// @endcode
class Allocator {
 public:
  virtual ~Allocator() = default;

  /// `bytes` (> 0) of memory with any contents, aligned as malloc aligns it; null if there is none,
  /// which becomes kOutOfMemory.
  virtual void* Allocate(std::size_t bytes) = 0;

  /// Takes back a block that Allocate gave for the same number of bytes.
  virtual void Free(void* block, std::size_t bytes) = 0;
};

/// The application's own threads, for sessions that shall start none. Must outlive its sessions.
/// One session makes one call at a time; if several sessions share a runner, Run must be safe for
/// calls at the same time.
///
/// Example:
/// @code
/// struct Runner : TaskRunner {
///   std::size_t workers() const override { return 1; }
///   void Run(std::size_t tasks, Task task, void* context) override {
///     for (std::size_t i = 0; i < tasks; ++i) task(context, i, /*worker=*/0);
///   }
/// } runner;
/// auto session = Session::Create(model, {.runner = &runner});
/// @endcode
class TaskRunner {
 public:
  /// One piece of work: call it with the `context` that came with it.
  using Task = void (*)(void* context, std::size_t task, std::size_t worker);

  virtual ~TaskRunner() = default;

  /// How many tasks may run at the same time, the calling thread's included; 1 to 256. Asked when a
  /// session is made; must not change.
  virtual std::size_t workers() const = 0;

  /// Calls task(context, i, worker) for every i in [0, tasks), each exactly once, in any order and
  /// on any threads, and returns when all have returned. `worker` is below workers() and no two
  /// tasks that run at the same time have the same one: it says whose scratch memory is used.
  /// Tasks do not throw, do not wait for each other, and take microseconds to milliseconds.
  virtual void Run(std::size_t tasks, Task task, void* context) = 0;
};

}  // namespace fovea

#endif  // FOVEA_RESOURCES_H_
