// The host's executor (TaskRunner) behind the interface that the engine runs its tasks by.
#ifndef FOVEA_MODEL_HOST_THREADS_H_
#define FOVEA_MODEL_HOST_THREADS_H_

#include <cstddef>

#include "fovea/resources.h"
#include "platform/parallel.h"

namespace fovea::model {

class HostThreads final : public platform::Parallel {
 public:
  /// The runner must outlive this. `workers` is the number that it gave when the session was
  /// planned.
  HostThreads(TaskRunner* runner, std::size_t workers) : runner_(runner), workers_(workers) {}

  std::size_t workers() const override { return workers_; }
  void Run(std::size_t tasks, platform::TaskRef task) override {
    const TaskRunner::Task call = [](void* context, std::size_t index, std::size_t worker) {
      (*static_cast<const platform::TaskRef*>(context))(index, worker);
    };
    runner_->Run(tasks, call, &task);
  }

 private:
  TaskRunner* runner_;
  std::size_t workers_;
};

}  // namespace fovea::model

#endif  // FOVEA_MODEL_HOST_THREADS_H_
