#include "tools/attention-dump/run/recorded_page.h"

#include <utility>

#include "fovea/status_macros.h"
#include "tools/attention-dump/base/human.h"
#include "tools/attention-dump/page/page_document.h"
#include "tools/attention-dump/run/model_session.h"

namespace fovea::dump {
bool WantsPage(const std::vector<OutputPath>& outputs) {
  return AnyHolds(outputs, OutputContent::kPage);
}

Result<RecordingPlan> PlanPage(const CommonArguments& arguments, const DumpShape& shape,
                               const ModelInfo& model, std::size_t texts) {
  RecordingPlan plan = PlanRecording(shape, model, DefaultPageBytes(shape.tokens), texts,
                                     /*also_without_mask=*/false);
  const double needed = plan.Bytes() * static_cast<double>(texts);
  const std::uint64_t limit = KeptLimit(arguments, model);
  if (needed > static_cast<double>(limit)) {
    return Status(StatusCode::kLimitExceeded,
                  "the page: recording " + std::to_string(shape.tokens) + " tokens needs " +
                      HumanBytes(needed) + ", the limit is " +
                      HumanBytes(static_cast<double>(limit)) +
                      "; choose with --layers and --heads, or raise --max-memory");
  }
  return plan;
}

Result<std::string> MakePage(std::span<const PageText> texts, const PagePair* pair,
                             std::size_t threads, const std::function<bool()>& cancelled,
                             tools::Progress* progress) {
  PageOptions options;
  options.threads = threads;
  options.cancelled = cancelled;
  options.on_progress = [progress](double done) { progress->Update(done, "packing the page"); };
  Result<BuiltPage> page = BuildPage(texts, pair, options);
  FOVEA_RETURN_IF_ERROR(page);
  return RenderHtml(page->document);
}

}  // namespace fovea::dump
