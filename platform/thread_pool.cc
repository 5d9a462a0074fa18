#include "platform/thread_pool.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

namespace fovea::platform {
namespace {

/// How long an idle thread looks again before it sleeps: longer than the gap between two products
/// of one token, shorter than a scheduler's slice.
constexpr auto kSpinTime = std::chrono::microseconds(40);
constexpr int kPausesPerLook = 16;

constexpr std::size_t kMaxWorkers = 4096;

void Pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Spins until ready() or kSpinTime has passed; whether it became ready.
template <typename Ready>
bool SpinUntil(const Ready& ready) {
  if (ready()) return true;
  const auto end = std::chrono::steady_clock::now() + kSpinTime;
  do {
    for (int i = 0; i < kPausesPerLook; ++i) {
      Pause();
      if (ready()) return true;
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

/// Lets threads sleep until a condition that others make true with a sequentially consistent store.
class Sleepers {
 public:
  template <typename Ready>
  void SleepUntil(const Ready& ready) {
    std::unique_lock<std::mutex> lock(mutex_);
    // Announced before the condition is looked at; Wake looks in the other order. One of the two
    // sees the other, so no wake-up is lost and waking nobody costs one load.
    count_.fetch_add(1, std::memory_order_seq_cst);
    while (!ready()) condition_.wait(lock);
    count_.fetch_sub(1, std::memory_order_relaxed);
  }

  void Wake() {
    if (count_.load(std::memory_order_seq_cst) == 0) return;
    { const std::lock_guard<std::mutex> lock(mutex_); }
    condition_.notify_all();
  }

 private:
  std::atomic<int> count_{0};
  std::mutex mutex_;
  std::condition_variable condition_;
};

}  // namespace

// One job at a time. `open_` counts tasks that nobody has taken, `unfinished_` those not yet done.
// A thread that takes a task keeps the job alive until it reports the task done, so `task_` and
// `tasks_` are read only after taking one, and a sleeping thread never delays the end of a job.
struct ThreadPool::Impl {
  struct Worker {
    Impl* pool = nullptr;
    std::size_t index = 0;
    pthread_t thread = {};
  };

  explicit Impl(std::size_t workers) : workers_(workers) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  bool Start() {
    threads_.reset(new (std::nothrow) Worker[workers_ - 1]);
    if (threads_ == nullptr) return false;
    for (; started_ < workers_ - 1; ++started_) {
      Worker& worker = threads_[started_];
      worker.pool = this;
      worker.index = started_ + 1;
      // Not std::thread, which throws when the system refuses.
      if (::pthread_create(&worker.thread, nullptr, &Impl::ThreadMain, &worker) != 0) return false;
    }
    return true;
  }

  ~Impl() {
    stopping_.store(true, std::memory_order_seq_cst);
    idle_.Wake();
    for (std::size_t i = 0; i < started_; ++i) ::pthread_join(threads_[i].thread, nullptr);
  }

  static void* ThreadMain(void* argument) {
    const Worker* worker = static_cast<const Worker*>(argument);
    worker->pool->Serve(worker->index);
    return nullptr;
  }

  void Serve(std::size_t worker) {
    const auto called = [this] {
      return open_.load(std::memory_order_seq_cst) != 0 ||
             stopping_.load(std::memory_order_seq_cst);
    };
    while (true) {
      if (!SpinUntil(called)) idle_.SleepUntil(called);
      if (stopping_.load(std::memory_order_relaxed)) return;
      Work(worker);
    }
  }

  /// Takes and runs tasks until none is open.
  void Work(std::size_t worker) {
    std::size_t done = 0;
    std::size_t open = open_.load(std::memory_order_acquire);
    while (open != 0) {
      if (!open_.compare_exchange_weak(open, open - 1, std::memory_order_acq_rel,
                                       std::memory_order_acquire)) {
        continue;
      }
      (*task_)(tasks_ - open, worker);
      ++done;
      open = open_.load(std::memory_order_acquire);
    }
    if (done == 0) return;
    if (unfinished_.fetch_sub(done, std::memory_order_seq_cst) == done) finished_.Wake();
  }

  void Run(std::size_t tasks, const TaskRef& task) {
    task_ = &task;
    tasks_ = tasks;
    unfinished_.store(tasks, std::memory_order_relaxed);
    open_.store(tasks, std::memory_order_seq_cst);
    idle_.Wake();
    Work(0);
    const auto finished = [this] { return unfinished_.load(std::memory_order_seq_cst) == 0; };
    if (!SpinUntil(finished)) finished_.SleepUntil(finished);
  }

  const std::size_t workers_;
  std::unique_ptr<Worker[]> threads_;
  std::size_t started_ = 0;
  const TaskRef* task_ = nullptr;
  std::size_t tasks_ = 0;
  // Apart, so that taking a task does not disturb a thread that waits for the end.
  alignas(64) std::atomic<std::size_t> open_{0};
  alignas(64) std::atomic<std::size_t> unfinished_{0};
  alignas(64) std::atomic<bool> stopping_{false};
  Sleepers idle_;
  Sleepers finished_;
};

ThreadPool::ThreadPool(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ThreadPool::~ThreadPool() = default;

std::unique_ptr<ThreadPool> ThreadPool::Create(std::size_t workers) {
  if (workers > kMaxWorkers) return nullptr;
  std::unique_ptr<Impl> impl(new (std::nothrow) Impl(std::max<std::size_t>(workers, 1)));
  if (impl == nullptr || !impl->Start()) return nullptr;
  return std::unique_ptr<ThreadPool>(new (std::nothrow) ThreadPool(std::move(impl)));
}

std::size_t ThreadPool::workers() const {
  return impl_->workers_;
}

void ThreadPool::Run(std::size_t tasks, TaskRef task) {
  if (tasks == 0) return;
  if (tasks == 1 || impl_->workers_ == 1) {
    for (std::size_t i = 0; i < tasks; ++i) task(i, 0);
    return;
  }
  impl_->Run(tasks, task);
}

}  // namespace fovea::platform
