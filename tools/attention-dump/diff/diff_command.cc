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
#include "tools/attention-dump/diff/diff_arguments.h"
#include "tools/attention-dump/diff/diff_report.h"
#include "tools/attention-dump/output/dump_info.h"
#include "tools/attention-dump/output/rendered_files.h"
#include "tools/attention-dump/output/terminal_view.h"
#include "tools/attention-dump/page/page_recorder.h"
#include "tools/attention-dump/page/recorded_page.h"
#include "tools/attention-dump/render/panel.h"
#include "tools/attention-dump/run/model_session.h"
#include "tools/attention-dump/run/prompt.h"
#include "tools/common/choose_isa.h"
#include "tools/common/progress.h"

namespace fovea::dump {
namespace {

class Diff {
 public:
  Diff(const DiffArguments& arguments, const RunEnvironment& environment)
      : arguments_(arguments), environment_(environment) {}

  /// The text to print; failure() then says whether --fail-above was exceeded.
  Result<std::string> Do();
  const std::string& failure() const { return failure_; }

 private:
  const Model& second_model() const { return second_model_ ? *second_model_ : *model_; }
  Status LoadModels();
  Status CheckModels() const;
  Status MakePrompts();
  Status CheckPrompts() const;
  Status Compare(std::optional<Isa> isa);
  Status DrawPage(const Recording& a, const Recording& b, std::size_t threads);
  void CheckLimit();

  const DiffArguments& arguments_;
  const RunEnvironment& environment_;
  std::optional<Model> model_;
  std::optional<Model> second_model_;  // nothing: the same
  std::string text_, against_text_;
  Prompt prompt_, second_prompt_;
  DiffReport report_;
  std::string failure_;
  std::string page_;
};

Result<std::string> Diff::Do() {
  Result<std::optional<Isa>> isa = tools::ChooseIsa(arguments_.isa, environment_.isa_variable);
  FOVEA_RETURN_IF_ERROR(isa);
  Result<RenderedFiles> files = RenderedFiles::Open(arguments_.outputs);
  FOVEA_RETURN_IF_ERROR(files);
  Result<std::string> text = ReadText(arguments_);
  FOVEA_RETURN_IF_ERROR(text);
  text_ = std::move(*text);
  if (arguments_.against) {
    Result<std::string> against = ReadText(*arguments_.against);
    FOVEA_RETURN_IF_ERROR(against);
    against_text_ = std::move(*against);
  }
  Status status = LoadModels();
  if (status.ok()) status = CheckModels();
  if (status.ok()) status = MakePrompts();
  if (status.ok()) status = CheckPrompts();
  if (status.ok()) status = Compare(*isa);
  FOVEA_RETURN_IF_ERROR(status);
  CheckLimit();
  std::vector<HeadDifference>& heads = report_.comparison.heads;
  std::sort(heads.begin(), heads.end(), [](const HeadDifference& a, const HeadDifference& b) {
    if (a.js_mean != b.js_mean) return a.js_mean > b.js_mean;
    return std::pair(a.layer, a.head) < std::pair(b.layer, b.head);
  });
  const std::size_t shown = std::min(heads.size(), arguments_.top.value_or(heads.size()));
  report_.left_out = heads.size() - shown;
  heads.resize(shown);
  if (files->empty()) return DiffText(report_, DetectTerminal());
  Result<std::string> written = files->Write([&](OutputKind kind) {
    if (kind == OutputKind::kHtml) return page_;
    return kind == OutputKind::kCsv ? DiffCsv(report_) : DiffJson(report_);
  });
  if (written.ok() && arguments_.quiet) return std::string();
  return written;
}

Status Diff::LoadModels() {
  Result<Model> model = LoadModel(arguments_);
  FOVEA_RETURN_IF_ERROR(model);
  model_ = std::move(*model);
  if (arguments_.second_model.empty()) return Status::Ok();
  CommonArguments second = arguments_;
  second.model = arguments_.second_model;
  Result<Model> second_model = LoadModel(second);
  FOVEA_RETURN_IF_ERROR(second_model);
  second_model_ = std::move(*second_model);
  return Status::Ok();
}

/// What must be equal for rows to be compared.
Status Diff::CheckModels() const {
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

Status Diff::MakePrompts() {
  Result<Prompt> prompt = MakePrompt(arguments_, *model_, text_);
  FOVEA_RETURN_IF_ERROR(prompt);
  prompt_ = std::move(*prompt);
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

Status Diff::CheckPrompts() const {
  const std::size_t tokens = prompt_.tokens.size();
  const std::size_t others = second_prompt_.tokens.size();
  if (tokens != others) {
    return {StatusCode::kInvalidArgument,
            InputName(*arguments_.against) + ": " + Counted(others, "token") + ", but " +
                InputName(arguments_) + " has " + std::to_string(tokens) +
                "; rows are compared one by one, so both texts need the same number of tokens"};
  }
  const Status status = CheckLength(arguments_, *model_, tokens);
  return status.ok() ? CheckLength(arguments_, second_model(), tokens) : status;
}

Status Diff::Compare(std::optional<Isa> isa) {
  const ModelInfo& info = model_->info();
  Result<std::vector<std::size_t>> layers = Select(arguments_.layers, info.layers, "layer");
  if (!layers) return {layers.status().code(), "--layers: " + layers.status().message()};
  Result<std::vector<std::size_t>> heads = Select(arguments_.heads, info.heads, "head");
  if (!heads) return {heads.status().code(), "--heads: " + heads.status().message()};
  const std::vector<std::int32_t> a_ids = prompt_.Ids();
  const std::vector<std::int32_t> b_ids = second_prompt_.Ids();
  tools::Progress progress(!arguments_.quiet);
  ComparisonOptions options;
  options.layers = *layers;
  options.heads = *heads;
  options.vocabulary = info.vocabulary;
  options.cancelled = environment_.interrupted;
  options.on_progress = [&](double done) { progress.Update(done, "running both sides"); };
  // Each session may use what the other model, the kept rows and itself leave.
  if (arguments_.max_memory != 0) {
    options.max_bytes = static_cast<std::size_t>(
        std::min<std::uint64_t>(options.max_bytes, arguments_.max_memory / 4));
  }
  const std::uint64_t kept = options.max_bytes;
  const auto other_bytes = [&](const Model& other) {
    return kept + (second_model_ ? other.info().file_bytes : 0);
  };
  Result<Session> a = OpenSession(
      *model_,
      MakeSessionOptions(arguments_, *model_, isa, a_ids.size(), other_bytes(second_model())));
  FOVEA_RETURN_IF_ERROR(a);
  Result<Session> b =
      OpenSession(second_model(), MakeSessionOptions(arguments_, second_model(), isa, b_ids.size(),
                                                     other_bytes(*model_) + a->memory().total()));
  FOVEA_RETURN_IF_ERROR(b);
  ComparisonSide a_side = {.session = &*a, .tokens = a_ids};
  ComparisonSide b_side = {.session = &*b, .tokens = b_ids};
  const DumpShape shape = PlainShape(info, a_ids.size(), *layers, *heads);
  const DumpShape b_shape = PlainShape(second_model().info(), b_ids.size(), *layers, *heads);
  std::optional<PageRecorder> a_page, b_page;
  if (WantsPage(arguments_.outputs)) {
    Result<RecordingPlan> a_plan = PlanPage(arguments_, shape, info, /*texts=*/2);
    FOVEA_RETURN_IF_ERROR(a_plan);
    Result<RecordingPlan> b_plan = PlanPage(arguments_, b_shape, second_model().info(), 2);
    FOVEA_RETURN_IF_ERROR(b_plan);
    a_side.observer = &a_page.emplace(std::move(*a_plan), a_ids);
    b_side.observer = &b_page.emplace(std::move(*b_plan), b_ids);
    a_side.on_logits = [&](std::size_t position, std::span<const float> logits) {
      a_page->OnLogits(position, logits);
    };
    b_side.on_logits = [&](std::size_t position, std::span<const float> logits) {
      b_page->OnLogits(position, logits);
    };
  }
  Result<Comparison> comparison = CompareMaps(a_side, b_side, options);
  if (!comparison) {
    return {comparison.status().code(), "diff: " + comparison.status().message()};
  }
  report_.comparison = std::move(*comparison);
  report_.two_models = !arguments_.against;
  report_.a = MakeDumpInfo(*model_, *a, prompt_, {}, shape);
  report_.b = MakeDumpInfo(second_model(), *b, second_prompt_, {}, b_shape);
  if (!a_page) return Status::Ok();
  if (a_page->failed() || b_page->failed()) {
    return {StatusCode::kOutOfMemory, "not enough memory to record the page"};
  }
  return DrawPage(a_page->Take(), b_page->Take(), a->threads());
}

Status Diff::DrawPage(const Recording& a, const Recording& b, std::size_t threads) {
  PagePair pair;
  pair.kind = report_.two_models ? "models" : "texts";
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

void Diff::CheckLimit() {
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
  Diff diff(*arguments, environment);
  CommandOutcome outcome = ToOutcome(diff.Do());
  if (outcome.exit_code == 0 && !diff.failure().empty()) {
    outcome.exit_code = kExitFailure;
    outcome.error = diff.failure();
  }
  return outcome;
}

}  // namespace fovea::dump
