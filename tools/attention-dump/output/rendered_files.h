// Files whose bytes are made whole in memory: created before the work begins, so that a bad path
// costs nothing, and named only when all of them are written.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_RENDERED_FILES_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_RENDERED_FILES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <fovea/fovea.hpp>

#include "platform/atomic_file.h"
#include "tools/attention-dump/output/output_format.h"

namespace fovea::dump {

/// A temporary file beside `path`. The error names the path and, where that is the reason, the
/// folder that does not exist.
Result<platform::AtomicFile> CreateOutput(const std::string& path);

class RenderedFiles {
 public:
  static Result<RenderedFiles> Open(const std::vector<OutputPath>& paths);

  bool empty() const { return files_.empty(); }

  /// Writes what `render` returns for each format, then gives all files their names. An empty
  /// result means that there was not enough memory. Returns "path, size" lines for people.
  Result<std::string> Write(const std::function<Result<std::string>(TableFormat)>& render);

 private:
  std::vector<OutputPath> paths_;
  std::vector<platform::AtomicFile> files_;
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_RENDERED_FILES_H_
