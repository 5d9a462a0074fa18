// From a C caller's session options to those of the C++ API.
#ifndef FOVEA_C_API_SESSION_OPTIONS_H_
#define FOVEA_C_API_SESSION_OPTIONS_H_

#include <cstddef>
#include <optional>

#include "engine/c_api/memory.h"
#include "fovea/data_type.h"
#include "fovea/fovea.h"
#include "fovea/isa.h"
#include "fovea/resources.h"
#include "fovea/session.h"
#include "fovea/status.h"

namespace fovea::c_api {

/// A C caller's threads.
class HostThreadPool final : public TaskRunner {
 public:
  /// All zero: the application provides no threads.
  explicit HostThreadPool(const fovea_thread_pool& pool) : pool_(pool) {}

  std::size_t workers() const override { return pool_.workers; }
  void Run(std::size_t tasks, Task task, void* context) override {
    pool_.run(pool_.user, tasks, task, context);
  }

  /// Null if the application provides no threads.
  TaskRunner* runner() { return pool_.run == nullptr ? nullptr : this; }

 private:
  fovea_thread_pool pool_;
};

/// What a session's options say, apart from the objects that must live with the session.
struct SessionSetup {
  SessionOptions plain;
  Memory memory;
  fovea_thread_pool threads = {};

  SessionOptions Options(Allocator* allocator, TaskRunner* runner) const {
    SessionOptions options = plain;
    options.allocator = allocator;
    options.runner = runner;
    return options;
  }
};

/// kInvalidArgument and kUnsupported name the field.
Status ReadSessionOptions(const fovea_session_options* given, SessionSetup* setup);

/// The field `isa` of the options called `options_name`: a name, or null for none.
Status ReadIsa(const char* given, const char* options_name, std::optional<Isa>* isa);

/// Those of a session, or the best of this CPU for null.
Kernels KernelsOf(const fovea_session* session);

fovea_kv_type KvTypeToC(DataType type);
fovea_arithmetic ArithmeticToC(Arithmetic arithmetic);

}  // namespace fovea::c_api

#endif  // FOVEA_C_API_SESSION_OPTIONS_H_
