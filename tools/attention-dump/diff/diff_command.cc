#include "tools/attention-dump/diff/diff_command.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fovea/status_macros.h"
#include "tools/attention-dump/base/human.h"
#include "tools/attention-dump/base/numbers_text.h"
#include "tools/attention-dump/data/dump_info.h"
#include "tools/attention-dump/diff/diff_arguments.h"
#include "tools/attention-dump/diff/diff_report.h"
#include "tools/attention-dump/output/rendered_files.h"
#include "tools/attention-dump/output/terminal_view.h"
#include "tools/attention-dump/page/page_recorder.h"
#include "tools/attention-dump/render/panel.h"
#include "tools/attention-dump/run/job.h"
#include "tools/attention-dump/run/model_session.h"
#include "tools/attention-dump/run/prompt.h"
#include "tools/attention-dump/run/recorded_page.h"
#include "tools/common/progress.h"

namespace fovea::dump {
namespace {

class DiffJob final : public Job {
 public:
  DiffJob(const DiffArguments& arguments, const RunEnvironment& environment)
      : Job(arguments, environment), arguments_(arguments) {}

  /// After Do: says that --fail-above was exceeded; empty if it was not.
  const std::string& failure() const { return failure_; }

 protected:
  Status OpenOutputs() override;
  Status ReadTexts() override;
  Status CheckKind() override;
  Status LoadModels() override;
  Status MakePrompts() override;
  Status CheckLengths() override;
  Status Plan() override;
  Status OpenSessions() override;
  Status RunModels() override;
  Status Finish() override;
  std::string Summary() override;

 private:
  const Model& second_model() const { return second_model_ ? *second_model_ : *model_; }
  Status CheckModels() const;
  Status DrawPage(const Recording& a, const Recording& b, std::size_t threads);
  void CheckLimit();

  const DiffArguments& arguments_;
  std::optional<RenderedFiles> files_;
  std::string written_;                // a line for every file
  std::optional<Model> second_model_;  // nothing: the same
  std::string against_text_;
  Prompt second_prompt_;
  ChosenHeads chosen_;
  ComparisonOptions options_;
  std::optional<Session> session_, second_session_;
  DiffReport report_;
  std::string failure_;
  std::string page_;
};

Status DiffJob::OpenOutputs() {
  Result<RenderedFiles> files = RenderedFiles::Open(arguments_.outputs);
  FOVEA_RETURN_IF_ERROR(files);
  files_ = std::move(*files);
  return Status::Ok();
}

Status DiffJob::ReadTexts() {
  FOVEA_RETURN_IF_ERROR(Job::ReadTexts());
  if (!arguments_.against) return Status::Ok();
  Result<std::string> against = ReadText(*arguments_.against);
  FOVEA_RETURN_IF_ERROR(against);
  against_text_ = std::move(*against);
  return Status::Ok();
}

Status DiffJob::LoadModels() {
  FOVEA_RETURN_IF_ERROR(Job::LoadModels());
  if (arguments_.second_model.empty()) return CheckModels();
  CommonArguments second = arguments_;
  second.model = arguments_.second_model;
  Result<Model> second_model = LoadModel(second);
  FOVEA_RETURN_IF_ERROR(second_model);
  second_model_ = std::move(*second_model);
  return CheckModels();
}

/// What must be equal for rows to be compared.
Status DiffJob::CheckModels() const {
  const ModelInfo& a = model_->info();
  const ModelInfo& b = second_model().info();
  const auto shape = [](const ModelInfo& info) {
    return Counted(info.layers, "layer") + " of " + Counted(info.heads, "head");
  };
  if (a.layers != b.layers || a.heads != b.heads) {
    return {StatusCode::kInvalidArgument,
            b.path + ": it has " + shape(b) + ", " + a.path + " has " + shape(a) +
                "; give two files of one model, or of models with the same layers and heads"};
  }
  if (a.vocabulary != b.vocabulary) {
    return {StatusCode::kInvalidArgument, b.path + ": its vocabulary has " +
                                              Counted(b.vocabulary, "token") + ", that of " +
                                              a.path + " has " + std::to_string(a.vocabulary) +
                                              "; give models with the same vocabulary"};
  }
  return Status::Ok();
}

Status DiffJob::CheckKind() {
  return RequireDecoder("diff");
}

Status DiffJob::MakePrompts() {
  FOVEA_RETURN_IF_ERROR(Job::MakePrompts());
  if (arguments_.against) {
    Result<Prompt> against = MakePrompt(*arguments_.against, *model_, against_text_);
    FOVEA_RETURN_IF_ERROR(against);
    second_prompt_ = std::move(*against);
    return Status::Ok();
  }
  second_prompt_ = prompt_;
  if (arguments_.input == TextArguments::Input::kTokens || second_model().tokenizer() == nullptr) {
    return Status::Ok();
  }
  Result<Prompt> other = MakePrompt(arguments_, second_model(), text_);
  FOVEA_RETURN_IF_ERROR(other);
  if (other->Ids() != prompt_.Ids()) {
    return {StatusCode::kInvalidArgument,
            second_model().info().path + ": it splits the text into other tokens than " +
                model_->info().path + " does; give models with the same vocabulary, or --tokens"};
  }
  return Status::Ok();
}

Status DiffJob::CheckLengths() {
  const std::size_t tokens = prompt_.tokens.size();
  const std::size_t others = second_prompt_.tokens.size();
  if (tokens != others) {
    return {StatusCode::kInvalidArgument,
            InputName(*arguments_.against) + ": " + Counted(others, "token") + ", but " +
                InputName(arguments_) + " has " + std::to_string(tokens) +
                "; rows are compared one by one, so both texts need the same number of tokens"};
  }
  FOVEA_RETURN_IF_ERROR(Job::CheckLengths());
  return CheckLength(arguments_, second_model(), tokens);
}

Status DiffJob::Plan() {
  Result<ChosenHeads> chosen = ChooseHeads(arguments_.layers, arguments_.heads, model_->info());
  FOVEA_RETURN_IF_ERROR(chosen);
  chosen_ = std::move(*chosen);
  options_.layers = chosen_.layers;
  options_.heads = chosen_.heads;
  options_.vocabulary = model_->info().vocabulary;
  options_.cancelled = environment_.interrupted;
  // Each session may use what the other model, the kept rows and itself leave.
  if (arguments_.max_memory != 0) {
    options_.max_bytes = static_cast<std::size_t>(
        std::min<std::uint64_t>(options_.max_bytes, arguments_.max_memory / 4));
  }
  return Status::Ok();
}

Status DiffJob::OpenSessions() {
  const std::size_t tokens = prompt_.tokens.size();
  const auto kept_besides = [&](const Model& other) {
    return options_.max_bytes + (second_model_ ? other.info().file_bytes : 0);
  };
  Result<Session> a = OpenSession(*model_, OptionsFor(tokens, kept_besides(second_model())));
  FOVEA_RETURN_IF_ERROR(a);
  session_ = std::move(*a);
  const std::uint64_t kept = kept_besides(*model_) + session_->memory().total();
  Result<Session> b = OpenSession(
      second_model(), MakeSessionOptions(arguments_, second_model(), isa_, tokens, kept));
  FOVEA_RETURN_IF_ERROR(b);
  second_session_ = std::move(*b);
  return Status::Ok();
}

Status DiffJob::RunModels() {
  const std::vector<std::int32_t> a_ids = prompt_.Ids();
  const std::vector<std::int32_t> b_ids = second_prompt_.Ids();
  tools::Progress progress(!arguments_.quiet);
  options_.on_progress = [&](double done) { progress.Update(done, "running both sides"); };
  ComparisonSide a_side = {.session = &*session_, .tokens = a_ids};
  ComparisonSide b_side = {.session = &*second_session_, .tokens = b_ids};
  const DumpShape shape = MapShape(model_->info(), a_ids.size(), chosen_.layers, chosen_.heads);
  const DumpShape b_shape =
      MapShape(second_model().info(), b_ids.size(), chosen_.layers, chosen_.heads);
  std::optional<PageRecorder> a_page, b_page;
  if (WantsPage(arguments_.outputs)) {
    Result<RecordingPlan> a_plan = PlanPage(arguments_, shape, model_->info(), /*texts=*/2);
    FOVEA_RETURN_IF_ERROR(a_plan);
    Result<RecordingPlan> b_plan = PlanPage(arguments_, b_shape, second_model().info(), 2);
    FOVEA_RETURN_IF_ERROR(b_plan);
    a_side.observer = &a_page.emplace(std::move(*a_plan), a_ids, session_->kernels());
    b_side.observer = &b_page.emplace(std::move(*b_plan), b_ids, second_session_->kernels());
    a_side.on_logits = [&](std::size_t position, std::span<const float> logits) {
      a_page->OnLogits(position, logits);
    };
    b_side.on_logits = [&](std::size_t position, std::span<const float> logits) {
      b_page->OnLogits(position, logits);
    };
  }
  Result<Comparison> comparison = CompareMaps(a_side, b_side, options_);
  options_.on_progress = {};
  if (!comparison) return About("diff", comparison.status());
  report_.comparison = std::move(*comparison);
  report_.two_models = !arguments_.against;
  report_.a = MakeDumpInfo(*model_, *session_, prompt_, {}, shape);
  report_.b = MakeDumpInfo(second_model(), *second_session_, second_prompt_, {}, b_shape);
  if (!a_page) return Status::Ok();
  if (a_page->failed() || b_page->failed()) {
    return {StatusCode::kOutOfMemory, "not enough memory to record the page"};
  }
  return DrawPage(a_page->Take(), b_page->Take(), session_->threads());
}

Status DiffJob::Finish() {
  CheckLimit();
  std::vector<HeadDifference>& heads = report_.comparison.heads;
  std::sort(heads.begin(), heads.end(), [](const HeadDifference& a, const HeadDifference& b) {
    if (a.js_mean != b.js_mean) return a.js_mean > b.js_mean;
    return std::pair(a.layer, a.head) < std::pair(b.layer, b.head);
  });
  const std::size_t shown = std::min(heads.size(), arguments_.top.value_or(heads.size()));
  report_.left_out = heads.size() - shown;
  heads.resize(shown);
  Result<std::string> written = files_->Write([&](TableFormat format) {
    if (format == TableFormat::kPage) return page_;
    return format == TableFormat::kCsv ? DiffCsv(report_) : DiffJson(report_);
  });
  FOVEA_RETURN_IF_ERROR(written);
  written_ = std::move(*written);
  return Status::Ok();
}

std::string DiffJob::Summary() {
  if (files_->empty()) return DiffText(report_, DetectTerminal());
  return arguments_.quiet ? std::string() : written_;
}

Status DiffJob::DrawPage(const Recording& a, const Recording& b, std::size_t threads) {
  PagePair pair;
  pair.kind = report_.two_models ? PagePair::Kind::kModels : PagePair::Kind::kTexts;
  pair.summary = DiffSummary(report_);
  for (const HeadDifference& head : report_.comparison.heads) {  // not sorted yet
    pair.heads.push_back({head.js_mean, head.js_worst, head.top1});
  }
  const auto label = [&](const DumpInfo& info) {
    if (!report_.two_models) return info.text;
    return std::filesystem::path(info.model.path).filename().string();
  };
  const PageText texts[] = {{.label = label(report_.a),
                             .info = &report_.a,
                             .recording = &a,
                             .tokenizer = model_->tokenizer()},
                            {.label = label(report_.b),
                             .info = &report_.b,
                             .recording = &b,
                             .tokenizer = second_model().tokenizer()}};
  tools::Progress progress(!arguments_.quiet);
  Result<std::string> page = MakePage(texts, &pair, threads, environment_.interrupted, &progress);
  FOVEA_RETURN_IF_ERROR(page);
  page_ = std::move(*page);
  return Status::Ok();
}

void DiffJob::CheckLimit() {
  const HeadDifference* worst = report_.comparison.Worst();
  if (!arguments_.fail_above || worst == nullptr || worst->js_mean <= *arguments_.fail_above)
    return;
  failure_ = "--fail-above: the largest mean Jensen-Shannon divergence of a head is " +
             FixedNumber(worst->js_mean, 6) + " (" + HeadName(worst->layer, worst->head) +
             "), the limit is " + ExactNumber(*arguments_.fail_above);
}

}  // namespace

CommandOutcome DiffCommand(int argc, const char* const* argv, const RunEnvironment& environment) {
  const Result<DiffArguments> arguments = ParseDiffArguments(argc, argv);
  if (!arguments) return UsageFailure(arguments.status(), "attention-dump diff --help");
  if (arguments->help) return {.exit_code = 0, .output = DiffHelpText(), .error = {}};
  DiffJob diff(*arguments, environment);
  CommandOutcome outcome = ToOutcome(diff.Do());
  if (outcome.exit_code == 0 && !diff.failure().empty()) {
    outcome.exit_code = kExitFailure;
    outcome.error = diff.failure();
  }
  return outcome;
}

}  // namespace fovea::dump
