#include "tools/attention-dump/ablation/ablation_run.h"
#include "fovea/status_macros.h"

#include <utility>

#include "tools/attention-dump/base/human.h"

namespace fovea::dump {

AblationRun::AblationRun(const std::vector<NamedHead>& heads, AblationKind kind) {
  report_.heads = heads;
  report_.kind = kind;
}

Status AblationRun::Prepare(const Model& model, std::span<const std::int32_t> tokens,
                            const SessionOptions& options,
                            const std::function<bool()>& interrupted) {
  const Status status = CheckHeadList(report_.heads, model.info());
  FOVEA_RETURN_IF_ERROR(status);
  if (report_.kind == AblationKind::kMean) {
    Result<HeadMeans> means = MeasureHeadMeans(model, tokens, options, interrupted);
    if (!means) return About("--ablate", means.status());
    means_ = std::move(*means);
  }
  for (const NamedHead& head : report_.heads) {
    ablations_.push_back({.layer = head.layer, .head = head.head});
    if (means_.heads != 0) ablations_.back().replacement = means_.Of(head.layer, head.head);
  }
  return Status::Ok();
}

void AblationRun::NoteBefore(const LossRecorder& losses) {
  report_.loss_before = losses.loss();
  report_.logits_before = losses.last_logits();
  report_.kernels = losses.kernels();
}

void AblationRun::NoteAfter(const LossRecorder& losses) {
  report_.loss_after = losses.loss();
  report_.logits_after = losses.last_logits();
}

PageChange AblationRun::Change(const std::string& names) const {
  PageChange change = {.before = "all heads", .after = "without " + names, .pair = {}};
  change.pair.kind = PagePair::Kind::kAblation;
  change.pair.summary = AblationSummary(report_);
  return change;
}

}  // namespace fovea::dump
