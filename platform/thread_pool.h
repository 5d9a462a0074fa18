// Persistent workers that spin briefly and then sleep.
#ifndef FOVEA_PLATFORM_THREAD_POOL_H_
#define FOVEA_PLATFORM_THREAD_POOL_H_

#include <cstddef>
#include <memory>

#include "platform/parallel.h"

namespace fovea::platform {

class ThreadPool final : public Parallel {
 public:
  /// Starts workers - 1 threads. Null if the system refuses to start them
  /// or workers exceeds 4096; 0 counts as 1.
  static std::unique_ptr<ThreadPool> Create(std::size_t workers);
  /// Joins all threads.
  ~ThreadPool() override;

  std::size_t workers() const override;
  void Run(std::size_t tasks, TaskRef task) override;

 private:
  struct Impl;
  explicit ThreadPool(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea::platform

#endif  // FOVEA_PLATFORM_THREAD_POOL_H_
