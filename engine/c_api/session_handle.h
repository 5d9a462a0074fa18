// What the opaque handle of a session is inside, and how a call enters it.
#ifndef FOVEA_C_API_SESSION_HANDLE_H_
#define FOVEA_C_API_SESSION_HANDLE_H_

#include <atomic>
#include <optional>
#include <vector>

#include "engine/c_api/handles.h"
#include "engine/c_api/memory.h"
#include "engine/c_api/observer.h"
#include "engine/c_api/session_options.h"
#include "fovea/fovea.h"
#include "fovea/session.h"
#include "fovea/status.h"

struct fovea_session {
  fovea_session(fovea::c_api::Memory host, const fovea_model* used_model,
                const fovea_thread_pool& host_threads)
      : memory(host), model(used_model), threads(host_threads) {}

  fovea::c_api::Memory memory;
  fovea::c_api::ModelUse model;
  fovea::c_api::HostThreadPool threads;
  std::optional<fovea::Session> session;  // Empty only while it is made.
  fovea::c_api::CallbackObserver observer;
  std::vector<fovea::HeadAblation> ablations;
  fovea_error last = {};      // The last failure; an empty text if there is none.
  std::atomic<int> calls{0};  // Inside; an int, for not every CPU can exchange a byte.
};

namespace fovea::c_api {

/// Keeps other calls out of the session while it lives, if no other call is inside.
class SessionEntry {
 public:
  explicit SessionEntry(fovea_session* session)
      : session_(session), granted_(session->calls.exchange(1, std::memory_order_acquire) == 0) {}
  SessionEntry(const SessionEntry&) = delete;
  SessionEntry& operator=(const SessionEntry&) = delete;
  ~SessionEntry() {
    if (granted_) session_->calls.store(0, std::memory_order_release);
  }
  bool granted() const { return granted_; }

 private:
  fovea_session* session_;
  bool granted_;
};

/// Options of one run. The structs must live until the run has ended: callbacks point into them.
Status ReadRun(fovea_session* handle, const fovea_run_options* given, fovea_run_options* run,
               RunOptions* options);

}  // namespace fovea::c_api

#endif  // FOVEA_C_API_SESSION_HANDLE_H_
