#include "tools/common/open_session.h"
#include "fovea/status_macros.h"

#include <algorithm>
#include <cstdio>
#include <string>

namespace fovea::tools {
namespace {

/// "86.8 MiB".
std::string Mebibytes(std::size_t bytes) {
  char text[64];
  std::snprintf(text, sizeof text, "%.1f MiB", static_cast<double>(bytes) / 1048576.0);
  return text;
}

}  // namespace

Result<MemoryEstimate> MemoryWithin(const Model& model, const SessionOptions& options) {
  SessionOptions unlimited = options;
  unlimited.max_memory = 0;
  auto memory = EstimateMemory(model, unlimited);
  FOVEA_RETURN_IF_ERROR(memory);
  if (options.max_memory == 0 || memory->total() <= options.max_memory) return memory;
  return Status(StatusCode::kLimitExceeded,
                model.info().path + ": " + Mebibytes(memory->total()) + " are needed (weights " +
                    Mebibytes(memory->model.weights) + ", vocabulary and lists " +
                    Mebibytes(memory->model.metadata) + ", KV cache " +
                    Mebibytes(memory->session.kv_cache) + ", scratch " +
                    Mebibytes(memory->session.scratch) + "), the limit is " +
                    std::to_string(options.max_memory) + " bytes");
}

Result<Session> OpenSession(const Model& model, SessionOptions options) {
  auto memory = MemoryWithin(model, options);
  FOVEA_RETURN_IF_ERROR(memory);
  // What is left is for the session and for what an observer asks of it later.
  if (options.max_memory != 0) options.max_memory -= memory->model.total();
  return Session::Create(model, options);
}

}  // namespace fovea::tools
