// A folder of its own for a test, removed with everything in it at the end.
#ifndef FOVEA_TESTS_TOOLS_TEMPORARY_FOLDER_H_
#define FOVEA_TESTS_TOOLS_TEMPORARY_FOLDER_H_

#include <filesystem>
#include <string>

#include "tests/platform/temporary_folder.h"

namespace fovea::dump {

/// The platform tests' folder, with the names that the tests of the tools use.
class TemporaryFolder : public platform::TemporaryFolder {
 public:
  std::string Path(const std::string& name) const { return File(name); }
  std::filesystem::path path() const { return platform::TemporaryFolder::path(); }
};

inline std::string ReadWhole(const std::string& path) {
  return platform::ReadText(path);
}

inline void WriteWhole(const std::string& path, const std::string& bytes) {
  platform::WriteText(path, bytes);
}

}  // namespace fovea::dump

#endif  // FOVEA_TESTS_TOOLS_TEMPORARY_FOLDER_H_
