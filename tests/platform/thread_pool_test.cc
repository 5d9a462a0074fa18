#include "platform/thread_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <numeric>
#include <set>
#include <thread>
#include <vector>

namespace fovea::platform {
namespace {

class ThreadPoolTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  void SetUp() override {
    pool_ = ThreadPool::Create(GetParam());
    ASSERT_NE(pool_, nullptr);
    ASSERT_EQ(pool_->workers(), GetParam());
  }
  std::unique_ptr<ThreadPool> pool_;
};

TEST_P(ThreadPoolTest, RunsEveryTaskOnce) {
  for (const std::size_t tasks : std::vector<std::size_t>{0, 1, 2, 3, 7, 64, 1000}) {
    // Plain ints: under ThreadSanitizer this also shows that results are visible to the caller.
    std::vector<int> calls(tasks, 0);
    pool_->Run(tasks, [&](std::size_t task, std::size_t worker) {
      ASSERT_LT(worker, GetParam());
      ++calls[task];
    });
    EXPECT_EQ(calls, std::vector<int>(tasks, 1));
  }
}

TEST_P(ThreadPoolTest, GivesEachWorkerItsOwnScratch) {
  std::vector<std::size_t> sums(GetParam(), 0);  // a race if two tasks shared a worker at one time
  for (int run = 0; run < 100; ++run) {
    pool_->Run(50, [&](std::size_t task, std::size_t worker) { sums[worker] += task; });
  }
  EXPECT_EQ(std::accumulate(sums.begin(), sums.end(), std::size_t{0}), 100U * 49 * 50 / 2);
}

TEST_P(ThreadPoolTest, SurvivesManyShortRuns) {
  std::size_t total = 0;
  std::vector<std::size_t> value(3, 0);
  for (std::size_t run = 0; run < 20'000; ++run) {
    pool_->Run(3, [&](std::size_t task, std::size_t) { value[task] = run + task; });
    total += value[0] + value[1] + value[2] - 3 * run;
  }
  EXPECT_EQ(total, 3U * 20'000);
}

TEST_P(ThreadPoolTest, WakesWorkersThatWentToSleep) {
  for (int run = 0; run < 20; ++run) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // far beyond the time they spin
    std::atomic<int> calls{0};
    pool_->Run(16, [&](std::size_t, std::size_t) { calls.fetch_add(1); });
    EXPECT_EQ(calls.load(), 16);
  }
}

TEST_P(ThreadPoolTest, WaitsForSlowTasks) {
  std::vector<int> done(4, 0);
  for (int run = 1; run <= 5; ++run) {
    pool_->Run(4, [&](std::size_t task, std::size_t) {
      std::this_thread::sleep_for(std::chrono::milliseconds(task));
      done[task] = run;
    });
    EXPECT_EQ(done, std::vector<int>(4, run));
  }
}

INSTANTIATE_TEST_SUITE_P(Workers, ThreadPoolTest, ::testing::Values(1, 2, 3, 8),
                         ::testing::PrintToStringParamName());

TEST(ThreadPool, UsesSeveralThreads) {
  const auto pool = ThreadPool::Create(2);
  ASSERT_NE(pool, nullptr);
  // Each of two tasks waits until the other has begun: one thread alone would never end.
  std::atomic<int> begun{0};
  std::vector<std::size_t> worker_of(2, 0);
  pool->Run(2, [&](std::size_t task, std::size_t worker) {
    begun.fetch_add(1);
    while (begun.load() < 2) std::this_thread::yield();
    worker_of[task] = worker;
  });
  EXPECT_NE(worker_of[0], worker_of[1]);
}

TEST(ThreadPool, LetsOthersDoTheWorkOfAStuckWorker) {
  constexpr std::size_t kTasks = 64;
  const auto pool = ThreadPool::Create(3);
  ASSERT_NE(pool, nullptr);
  for (int run = 0; run < 20; ++run) {
    // Whoever takes task 0 is stuck with it until all others are done: shares that were dealt out
    // beforehand would never get there.
    std::atomic<std::size_t> done{0};
    std::vector<std::size_t> worker_of(kTasks, 0);
    pool->Run(kTasks, [&](std::size_t task, std::size_t worker) {
      worker_of[task] = worker;
      while (task == 0 && done.load() < kTasks - 1) std::this_thread::yield();
      done.fetch_add(1);
    });
    EXPECT_EQ(std::count(worker_of.begin(), worker_of.end(), worker_of[0]), 1) << "run " << run;
  }
}

TEST(ThreadPool, JoinsWhenItNeverRan) {
  for (int i = 0; i < 20; ++i) EXPECT_NE(ThreadPool::Create(4), nullptr);
}

TEST(ThreadPool, CountsZeroWorkersAsOneAndRefusesAbsurdNumbers) {
  const auto pool = ThreadPool::Create(0);
  ASSERT_NE(pool, nullptr);
  EXPECT_EQ(pool->workers(), 1U);
  EXPECT_EQ(ThreadPool::Create(SIZE_MAX), nullptr);
}

TEST(SerialParallel, RunsInOrderOnTheCaller) {
  SerialParallel serial;
  EXPECT_EQ(serial.workers(), 1U);
  std::vector<std::size_t> order;
  serial.Run(4, [&](std::size_t task, std::size_t worker) {
    EXPECT_EQ(worker, 0U);
    order.push_back(task);
  });
  EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2, 3}));
}

}  // namespace
}  // namespace fovea::platform
