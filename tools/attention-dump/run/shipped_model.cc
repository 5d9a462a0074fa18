#include "tools/attention-dump/run/shipped_model.h"

#include <filesystem>
#include <system_error>
#include <vector>

namespace fovea::dump {

Result<std::string> FindShippedModel() {
  namespace fs = std::filesystem;
  constexpr const char* kName = "fovea-tiny-q8_0.gguf";
  std::error_code error;
  std::vector<fs::path> candidates;
  const fs::path executable = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    const fs::path prefix = executable.parent_path().parent_path();
    candidates.push_back(prefix / "share" / "fovea" / kName);
  }
  candidates.push_back(fs::path(FOVEA_INSTALLED_DATA) / kName);
  for (const fs::path& candidate : candidates) {
    if (fs::is_regular_file(candidate, error)) return candidate.string();
  }
  return Status(StatusCode::kNotFound, "MODEL: none given, and the model that ships is not at " +
                                           candidates.front().string() + " nor at " +
                                           candidates.back().string());
}

}  // namespace fovea::dump
