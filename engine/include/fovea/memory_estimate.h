// How much memory a run will take, before it takes any: for programs that must fit a board.
#ifndef FOVEA_MEMORY_ESTIMATE_H_
#define FOVEA_MEMORY_ESTIMATE_H_

#include <cstddef>
#include <string>

#include "fovea/model.h"
#include "fovea/session.h"
#include "fovea/status.h"

namespace fovea {

/// What one model and one session over it keep in memory at most, in bytes. The peak of a process
/// is that and the program itself: its code, its stacks, what an observer keeps.
struct MemoryEstimate {
  ModelMemory model;   ///< Weights and metadata. Packing happens in place and adds nothing.
  MemoryPlan session;  ///< KV cache and scratch.
  /// The sum of all.
  std::size_t total() const { return model.total() + session.total(); }
};

/// Reads the file's metadata and no weights (it maps the file for the time of the call), so it
/// takes milliseconds whatever the model's size. Errors as of Model::Load and Session::Plan, and
/// kLimitExceeded if the sum does not fit a size_t. options.max_memory is a limit of the session
/// alone, as everywhere. Thread-safe. Example:
/// @code
/// auto memory = EstimateMemory("model.gguf", {.context_size = 1024});
/// if (!memory) return memory.status();
/// std::printf("%zu MiB\n", memory->total() >> 20);
/// @endcode
Result<MemoryEstimate> EstimateMemory(const std::string& path, const SessionOptions& options = {});

/// The same for a model that is loaded already.
Result<MemoryEstimate> EstimateMemory(const Model& model, const SessionOptions& options = {});

}  // namespace fovea

#endif  // FOVEA_MEMORY_ESTIMATE_H_
