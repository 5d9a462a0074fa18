// The page among the outputs of a run: planned before the model runs, recorded while it does, built
// afterwards.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_RUN_PAGE_RUN_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_RUN_PAGE_RUN_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/data/dump_data.h"
#include "tools/attention-dump/data/dump_shape.h"
#include "tools/attention-dump/page/build_page.h"
#include "tools/attention-dump/page/page_recorder.h"
#include "tools/common/progress.h"

namespace fovea::dump {

struct PageRunOptions {
  std::string path;              ///< What errors are about.
  std::uint64_t page_bytes = 0;  ///< Of --page-size; 0: as the tool thinks fit.
  bool without_mask = false;
  bool twice = false;  ///< Two runs of the same ids stand side by side.
};

/// What two runs of the same ids are.
struct PageChange {
  std::string before, after;  ///< Labels.
  PagePair pair;
};

class PageRun {
 public:
  /// `model` is not owned.
  PageRun(PageRunOptions options, const DumpShape& shape, const Model& model);

  /// Memory that recording will take.
  double Bytes() const { return plan_.Bytes() * (options_.twice ? 2.0 : 1.0); }

  /// Makes the recorder for a run of these ids. A second call begins the second run.
  Status Open(std::span<const std::int32_t> prompt, Kernels kernels);
  /// The observer, which wants logits too; after Open.
  PageRecorder* recorder() { return &*recorder_; }
  /// kOutOfMemory if the recorder gave up.
  Status status() const;

  /// After the last run, once. `change` is for two runs, null for one.
  Result<PageDocument> Build(const DumpInfo& info, std::size_t threads,
                             const std::function<bool()>& interrupted, tools::Progress* progress,
                             const PageChange* change = nullptr);

 private:
  PageRunOptions options_;
  const Model& model_;
  RecordingPlan plan_;
  std::optional<ValueNorms> norms_;
  std::optional<PageRecorder> recorder_;
  std::optional<Recording> first_;
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_RUN_PAGE_RUN_H_
