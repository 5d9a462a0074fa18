// Whose turn it is to use the model: one run at a time, first come first served, and of several
// requests of one page only the newest counts, since nobody waits for the others any more.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_SERVE_RUN_QUEUE_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_SERVE_RUN_QUEUE_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include <fovea/fovea.hpp>

namespace fovea::dump {

class RunQueue {
  struct Ticket;

 public:
  /// `most_waiting`: besides the one that runs.
  explicit RunQueue(std::size_t most_waiting);
  RunQueue(const RunQueue&) = delete;
  RunQueue& operator=(const RunQueue&) = delete;

  /// The model is the holder's until this is gone. The queue must outlive it.
  class Turn {
   public:
    Turn(Turn&&) noexcept = default;
    Turn& operator=(Turn&&) = delete;
    ~Turn();

    /// A newer request of the same page has come: give up.
    bool is_superseded() const;

   private:
    friend class RunQueue;
    Turn(RunQueue* queue, std::shared_ptr<Ticket> ticket);

    RunQueue* queue_;
    std::shared_ptr<Ticket> ticket_;
  };

  /// Waits for a turn. `page` names the browser page that asks; its earlier requests are
  /// superseded; empty: it has none. kLimitExceeded if too many wait already; kCancelled if `stop`,
  /// which is asked many times a second, is true or a newer request came.
  Result<Turn> Wait(const std::string& page, const std::function<bool()>& stop);

  /// Requests that run or wait.
  std::size_t size() const;

 private:
  void Leave(const std::shared_ptr<Ticket>& ticket);

  const std::size_t most_waiting_;
  mutable std::mutex mutex_;
  std::condition_variable moved_;
  std::deque<std::shared_ptr<Ticket>> tickets_;  // the first one runs
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_SERVE_RUN_QUEUE_H_
