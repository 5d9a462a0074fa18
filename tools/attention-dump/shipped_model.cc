#include "tools/attention-dump/shipped_model.h"

#include <filesystem>
#include <system_error>
#include <vector>

namespace fovea::dump {

Result<std::string> FindShippedModel() {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<fs::path> candidates;
  const fs::path built_from = FOVEA_SHIPPED_MODEL;
  const fs::path executable = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    const fs::path prefix = executable.parent_path().parent_path();
    candidates.push_back(prefix / "share" / "fovea" / built_from.filename());
  }
  candidates.push_back(built_from);
  for (const fs::path& candidate : candidates) {
    if (fs::is_regular_file(candidate, error)) return candidate.string();
  }
  return Status(StatusCode::kNotFound, "MODEL: none given, and the model that ships is not at " +
                                           candidates.front().string() + " nor at " +
                                           candidates.back().string());
}

}  // namespace fovea::dump
