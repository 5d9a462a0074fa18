// The heads that a run takes away (--ablate): what is put in the place of their outputs, and what
// the next-token predictions were before and after.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_ABLATION_ABLATION_RUN_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_ABLATION_ABLATION_RUN_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/ablation/ablation_report.h"
#include "tools/attention-dump/ablation/head_list.h"
#include "tools/attention-dump/run/page_run.h"

namespace fovea::dump {

class AblationRun {
 public:
  AblationRun(const std::vector<NamedHead>& heads, AblationKind kind);

  /// False without heads: then nothing below is to be called but for ablations(), which is empty.
  bool wanted() const { return !report_.heads.empty(); }

  /// Checks the heads and, for their means, runs the text once. `interrupted` may be empty.
  Status Prepare(const Model& model, std::span<const std::int32_t> tokens,
                 const SessionOptions& options, const std::function<bool()>& interrupted);

  /// For RunOptions; points into this object.
  std::span<const HeadAblation> ablations() const { return ablations_; }

  void NoteBefore(const LossRecorder& losses);
  void NoteAfter(const LossRecorder& losses);

  const AblationReport& report() const { return report_; }
  /// What a page shows of it: `names` is the list of heads in words.
  PageChange Change(const std::string& names) const;

 private:
  HeadMeans means_;
  std::vector<HeadAblation> ablations_;
  AblationReport report_;
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_ABLATION_ABLATION_RUN_H_
