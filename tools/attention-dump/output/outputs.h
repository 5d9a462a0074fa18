// The files that a dump writes: opened before the model runs, so that a bad path costs nothing, and
// given their names only when everything went well.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_OUTPUTS_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_OUTPUTS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <fovea/fovea.hpp>

#include "platform/atomic_file.h"
#include "tools/attention-dump/data/dump_data.h"
#include "tools/attention-dump/data/dump_shape.h"
#include "tools/attention-dump/output/arrays/array_file.h"
#include "tools/attention-dump/output/output_format.h"

namespace fovea::dump {

/// Every error names the path.
class Outputs {
 public:
  /// Creates a temporary file beside every path.
  static Result<Outputs> Open(const std::vector<OutputPath>& paths);

  /// The path of the first page among them; empty: there is none.
  std::string page_path() const;

  /// Refuses what cannot work: text that would be huge, disks with too little space. Then
  /// preallocates the array files. `text_bytes`: of the text that the
  /// sidecar will hold.
  Status Preallocate(const DumpShape& shape, std::size_t text_bytes);

  /// The array files, in order; owned by this.
  std::vector<ArrayFile*> array_files() const;
  /// Path of array_files()[index].
  const std::string& array_path(std::size_t index) const;

  /// Writes what is left and gives all files their names. If one file fails, those not yet named
  /// never appear.
  Status Finish(const DumpInfo& info, const DumpShape& shape, const Drawn& drawn);

  struct Written {
    std::string path;
    std::uint64_t bytes = 0;
  };
  /// What Finish wrote.
  const std::vector<Written>& written() const { return written_; }

 private:
  struct Output {
    OutputPath path;
    platform::AtomicFile file;          // until Preallocate, for array files
    std::unique_ptr<ArrayFile> arrays;  // from Preallocate on
  };

  Status CheckDiskSpace(const DumpShape& shape) const;
  Status FinishArrays(const DumpInfo& info, const DumpShape& shape, const std::string& sidecar,
                      Output* output);
  Status FinishRendered(const DumpInfo& info, const DumpShape& shape, const Drawn& drawn,
                        Output* output);

  std::vector<Output> outputs_;
  std::vector<Written> written_;
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_OUTPUTS_H_
