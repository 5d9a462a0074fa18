#include "tools/attention-dump/serve/run_queue.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace fovea::dump {
namespace {

constexpr std::chrono::milliseconds kAskEvery{20};

}  // namespace

struct RunQueue::Ticket {
  std::string page;
  std::atomic<bool> is_superseded{false};
};

RunQueue::Turn::Turn(RunQueue* queue, std::shared_ptr<Ticket> ticket)
    : queue_(queue), ticket_(std::move(ticket)) {}

RunQueue::Turn::~Turn() {
  if (ticket_ != nullptr) queue_->Leave(ticket_);
}

bool RunQueue::Turn::is_superseded() const {
  return ticket_->is_superseded.load(std::memory_order_relaxed);
}

RunQueue::RunQueue(std::size_t most_waiting) : most_waiting_(most_waiting) {}

Result<RunQueue::Turn> RunQueue::Wait(const std::string& page, const std::function<bool()>& stop) {
  auto ticket = std::make_shared<Ticket>();
  ticket->page = page;
  std::unique_lock lock(mutex_);
  for (const std::shared_ptr<Ticket>& earlier : tickets_) {
    if (!page.empty() && earlier->page == page) earlier->is_superseded = true;
  }
  // Superseded requests leave within moments and do not count.
  const auto waiting = std::count_if(tickets_.begin(), tickets_.end(), [](const auto& earlier) {
    return !earlier->is_superseded.load();
  });
  if (static_cast<std::size_t>(waiting) > most_waiting_) {
    return Status(StatusCode::kLimitExceeded,
                  std::to_string(waiting) + " requests run or wait already; try again in a moment");
  }
  tickets_.push_back(ticket);
  moved_.notify_all();
  while (tickets_.front() != ticket) {
    moved_.wait_for(lock, kAskEvery);
    const bool newer = ticket->is_superseded.load();
    if (!newer && !stop()) continue;
    std::erase(tickets_, ticket);
    moved_.notify_all();
    return Status(StatusCode::kCancelled, newer ? "a newer request came" : "nobody waits");
  }
  return Turn(this, std::move(ticket));
}

std::size_t RunQueue::size() const {
  const std::lock_guard lock(mutex_);
  return tickets_.size();
}

void RunQueue::Leave(const std::shared_ptr<Ticket>& ticket) {
  const std::lock_guard lock(mutex_);
  std::erase(tickets_, ticket);
  moved_.notify_all();
}

}  // namespace fovea::dump
