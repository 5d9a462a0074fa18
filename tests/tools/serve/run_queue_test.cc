#include "tools/attention-dump/serve/run_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <thread>
#include <utility>

namespace fovea::dump {
namespace {

const auto kNever = [] { return false; };

void WaitUntil(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ASSERT_TRUE(condition());
}

TEST(RunQueue, OneTurnAtATimeInTheOrderOfComing) {
  RunQueue queue(8);
  std::optional<RunQueue::Turn> first(std::move(*queue.Wait("a", kNever)));
  std::atomic<int> turns{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&queue, &turns, i] {
      const auto turn = queue.Wait(std::string(1, static_cast<char>('b' + i)), kNever);
      ASSERT_TRUE(turn.ok());
      EXPECT_EQ(turns++, i);
    });
    WaitUntil([&] { return queue.size() == static_cast<std::size_t>(i) + 2; });
  }
  EXPECT_EQ(turns, 0);
  first.reset();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(turns, 3);
  EXPECT_EQ(queue.size(), 0U);
}

TEST(RunQueue, ANewerRequestOfAPageTakesThePlaceOfItsEarlierOnes) {
  RunQueue queue(8);
  std::optional<RunQueue::Turn> running(std::move(*queue.Wait("page", kNever)));
  EXPECT_FALSE(running->is_superseded());
  auto waiting =
      std::async(std::launch::async, [&] { return queue.Wait("page", kNever).status(); });
  WaitUntil([&] { return running->is_superseded(); });
  auto newest = std::async(std::launch::async, [&] {
    const auto turn = queue.Wait("page", kNever);
    return turn.ok() && !turn->is_superseded();
  });
  EXPECT_EQ(waiting.get().code(), StatusCode::kCancelled);
  running.reset();
  EXPECT_TRUE(newest.get());
}

TEST(RunQueue, OtherPagesAndPagesWithoutANameAreLeftAlone) {
  RunQueue queue(8);
  std::optional<RunQueue::Turn> named(std::move(*queue.Wait("page", kNever)));
  auto other = std::async(std::launch::async, [&] { return queue.Wait("other", kNever).ok(); });
  WaitUntil([&] { return queue.size() == 2; });
  EXPECT_FALSE(named->is_superseded());
  named.reset();
  EXPECT_TRUE(other.get());
  std::optional<RunQueue::Turn> nameless(std::move(*queue.Wait("", kNever)));
  auto second = std::async(std::launch::async, [&] { return queue.Wait("", kNever).ok(); });
  WaitUntil([&] { return queue.size() == 2; });
  EXPECT_FALSE(nameless->is_superseded());
  nameless.reset();
  EXPECT_TRUE(second.get());
}

TEST(RunQueue, TooManyThatWaitAreRefusedAtOnce) {
  RunQueue queue(1);
  std::optional<RunQueue::Turn> running(std::move(*queue.Wait("a", kNever)));
  auto waiting = std::async(std::launch::async, [&] { return queue.Wait("b", kNever).ok(); });
  WaitUntil([&] { return queue.size() == 2; });
  EXPECT_EQ(queue.Wait("c", kNever).status().code(), StatusCode::kLimitExceeded);
  // A page that asks anew takes its own place.
  auto again = std::async(std::launch::async, [&] { return queue.Wait("b", kNever).ok(); });
  EXPECT_FALSE(waiting.get());
  running.reset();
  EXPECT_TRUE(again.get());
}

TEST(RunQueue, WhoNoLongerWaitsLeaves) {
  RunQueue queue(8);
  std::optional<RunQueue::Turn> running(std::move(*queue.Wait("a", kNever)));
  const auto begin = std::chrono::steady_clock::now();
  const auto late = [&] {
    return std::chrono::steady_clock::now() - begin > std::chrono::milliseconds(60);
  };
  EXPECT_EQ(queue.Wait("b", late).status().code(), StatusCode::kCancelled);
  EXPECT_EQ(queue.size(), 1U);
}

}  // namespace
}  // namespace fovea::dump
