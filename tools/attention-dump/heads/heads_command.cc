#include "tools/attention-dump/heads/heads_command.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fovea/status_macros.h"
#include "tools/attention-dump/base/human.h"
#include "tools/attention-dump/base/numbers_text.h"
#include "tools/attention-dump/data/dump_info.h"
#include "tools/attention-dump/heads/head_table.h"
#include "tools/attention-dump/heads/heads_arguments.h"
#include "tools/attention-dump/heads/probe.h"
#include "tools/attention-dump/observers/observer_group.h"
#include "tools/attention-dump/output/rendered_files.h"
#include "tools/attention-dump/output/sidecar.h"
#include "tools/attention-dump/output/terminal_view.h"
#include "tools/attention-dump/page/page_recorder.h"
#include "tools/attention-dump/run/job.h"
#include "tools/attention-dump/run/model_run.h"
#include "tools/attention-dump/run/model_session.h"
#include "tools/attention-dump/run/prompt.h"
#include "tools/attention-dump/run/recorded_page.h"
#include "tools/common/progress.h"

namespace fovea::dump {
namespace {

class HeadsJob final : public Job {
 public:
  HeadsJob(const HeadsArguments& arguments, const RunEnvironment& environment)
      : Job(arguments, environment), arguments_(arguments) {}

 protected:
  Status OpenOutputs() override;
  Status ReadTexts() override { return arguments_.probe ? Status::Ok() : Job::ReadTexts(); }
  Status CheckKind() override;
  Status MakePrompts() override;
  Status CheckLengths() override { return arguments_.probe ? Status::Ok() : Job::CheckLengths(); }
  Status Plan() override;
  Status OpenSessions() override;
  Status RunModels() override;
  Status Finish() override;
  std::string Summary() override;

 private:
  Status MeasureEffects(const std::vector<std::int32_t>& ids);
  Status DrawPage(const Recording& recording, std::size_t threads);
  std::string Caption() const;
  std::string Json() const;

  const HeadsArguments& arguments_;
  std::optional<RenderedFiles> files_;
  std::string written_;  ///< A line for every file.
  std::optional<Session> session_;
  Probe probe_;  ///< Only with --probe.
  AttentionSelection selection_;
  HeadTable table_;
  double loss_ = 0.0;  ///< Of the whole model; only with --ablate-all.
  DumpInfo info_;
  std::string page_;
};

Status HeadsJob::OpenOutputs() {
  Result<RenderedFiles> files = RenderedFiles::Open(arguments_.outputs);
  FOVEA_RETURN_IF_ERROR(files);
  files_ = std::move(*files);
  return Status::Ok();
}

Status HeadsJob::CheckKind() {
  FOVEA_RETURN_IF_ERROR(Job::CheckKind());
  if (arguments_.probe) return RequireDecoder("--probe");
  return arguments_.ablate_all ? RequireDecoder("--ablate-all") : Status::Ok();
}

Status HeadsJob::MakePrompts() {
  if (!arguments_.probe) return Job::MakePrompts();
  Result<Probe> probe = MakeProbe(*model_, arguments_.probe_length, ContextOf(arguments_, *model_));
  FOVEA_RETURN_IF_ERROR(probe);
  probe_ = std::move(*probe);
  prompt_ = probe_.prompt;
  return Status::Ok();
}

Status HeadsJob::Plan() {
  Result<ChosenHeads> chosen = ChooseHeads(arguments_.layers, arguments_.heads, model_->info());
  FOVEA_RETURN_IF_ERROR(chosen);
  selection_.layers = std::move(chosen->layers);
  selection_.heads = std::move(chosen->heads);
  return Status::Ok();
}

Status HeadsJob::OpenSessions() {
  Result<Session> session = OpenSession(*model_, OptionsFor(prompt_.tokens.size()));
  FOVEA_RETURN_IF_ERROR(session);
  session_ = std::move(*session);
  return Status::Ok();
}

Status HeadsJob::RunModels() {
  const std::vector<std::int32_t> ids = prompt_.Ids();
  HeadStatisticsObserver observer(selection_, probe_.period, probe_.begin);
  ObserverGroup observers;
  observers.Add(&observer);
  const DumpShape shape = MapShape(model_->info(), ids.size(), selection_.layers, selection_.heads);
  std::optional<PageRecorder> page;
  if (WantsPage(arguments_.outputs)) {
    Result<RecordingPlan> plan = PlanPage(arguments_, shape, model_->info(), /*texts=*/1);
    FOVEA_RETURN_IF_ERROR(plan);
    observers.Add(&page.emplace(std::move(*plan), ids, session_->kernels()));
  }
  tools::Progress progress(!arguments_.quiet);
  RunOptions options;
  options.observer = &observers;
  if (page && model_->info().has_decoder()) {
    options.on_logits = [&](std::size_t position, std::span<const float> logits) {
      page->OnLogits(position, logits);
    };
  }
  options.cancelled = environment_.interrupted;
  options.on_progress = [&](double done) { progress.Update(done, "running the text"); };
  if (const Status ran = RunText(ids, options, &*session_); !ran.ok()) return AboutModel(ran);
  table_.probed = arguments_.probe;
  for (const HeadStatistics& head : observer.Heads()) {
    table_.rows.push_back({.statistics = head, .effect = {}});
  }
  info_ = MakeDumpInfo(*model_, *session_, prompt_, {}, shape);
  for (const HeadRow& row : table_.rows) {
    info_.row_sum_error = std::max(info_.row_sum_error, row.statistics.row_sum_error);
  }
  const Status status = MeasureEffects(ids);
  if (!status.ok() || !page) return status;
  if (page->failed()) return {StatusCode::kOutOfMemory, "not enough memory to record the page"};
  return DrawPage(page->Take(), session_->threads());
}

Status HeadsJob::Finish() {
  SortRows(arguments_.sort, arguments_.top.value_or(std::numeric_limits<std::size_t>::max()),
           &table_);
  Result<std::string> written = files_->Write([&](TableFormat format) {
    if (format == TableFormat::kPage) return page_;
    return format == TableFormat::kCsv ? HeadTableCsv(table_) : Json();
  });
  FOVEA_RETURN_IF_ERROR(written);
  written_ = std::move(*written);
  return Status::Ok();
}

std::string HeadsJob::Summary() {
  if (files_->empty()) return Caption() + HeadTableText(table_, DetectTerminal());
  return arguments_.quiet ? std::string() : written_;
}

Status HeadsJob::DrawPage(const Recording& recording, std::size_t threads) {
  PageText text = {.info = &info_, .recording = &recording, .tokenizer = model_->tokenizer()};
  for (const HeadRow& row : table_.rows) {  // by layer and head: not sorted yet
    if (table_.ablated) text.effects.push_back(row.effect.loss_change);
    if (table_.probed) {
      text.duplicate.push_back(row.statistics.duplicate_token);
      text.induction.push_back(row.statistics.induction);
    }
  }
  tools::Progress progress(!arguments_.quiet);
  Result<std::string> page =
      MakePage({&text, 1}, nullptr, threads, environment_.interrupted, &progress);
  FOVEA_RETURN_IF_ERROR(page);
  page_ = std::move(*page);
  return Status::Ok();
}

Status HeadsJob::MeasureEffects(const std::vector<std::int32_t>& ids) {
  if (!arguments_.ablate_all) return Status::Ok();
  if (ids.size() < 2) {
    return {StatusCode::kInvalidArgument,
            InputName(arguments_) + ": one token predicts none; --ablate-all needs at least two"};
  }
  tools::Progress progress(!arguments_.quiet);
  EffectOptions options = {.kind = arguments_.ablation,
                           .layers = selection_.layers,
                           .heads = selection_.heads,
                           .cancelled = environment_.interrupted};
  options.on_progress = [&](double done) { progress.Update(done, "taking heads away"); };
  Result<EffectReport> report = MeasureHeadEffects(*model_, ids, OptionsFor(ids.size()), options);
  if (!report) return AboutModel(report.status());
  table_.ablated = true;
  loss_ = report->loss;
  for (const HeadEffect& effect : report->effects) {
    const auto row = std::find_if(table_.rows.begin(), table_.rows.end(), [&](const HeadRow& r) {
      return r.statistics.layer == effect.layer && r.statistics.head == effect.head;
    });
    if (row != table_.rows.end()) row->effect = effect;
  }
  return Status::Ok();
}

std::string HeadsJob::Caption() const {
  const std::string input =
      arguments_.probe ? Counted(probe_.period, "random token") + ", repeated once" +
                             (probe_.begin != 0 ? ", after " + info_.tokens.pieces.front() : "")
                       : Counted(info_.tokens.size(), "token") + " of " + InputName(arguments_);
  std::string caption = OneLine(info_.model.path) + " over " + OneLine(input) + "\n";
  if (arguments_.ablate_all) {
    caption +=
        "loss " + FixedNumber(loss_, 4) + " nats per token; below, its change without the head (" +
        (arguments_.ablation == AblationKind::kMean ? "its mean" : "zeros") + " in its place)\n";
  }
  return caption;
}

std::string HeadsJob::Json() const {
  nlohmann::ordered_json object = {{"format", "fovea-heads"}, {"format_version", 1}};
  if (arguments_.probe) {
    object["probe"] = {{"begin", probe_.begin}, {"period", probe_.period}};
  } else {
    object["text"] = info_.text;
  }
  object["token_ids"] = info_.tokens.ids;
  if (arguments_.ablate_all) {
    object["loss"] = loss_;
    object["ablation"] = arguments_.ablation == AblationKind::kMean ? "mean" : "zero";
  }
  object["heads"] = nlohmann::ordered_json::parse(HeadTableJson(table_));
  object["trust_stamp"] = nlohmann::ordered_json::parse(TrustStampJson(info_));
  return object.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

CommandOutcome HeadsCommand(int argc, const char* const* argv, const RunEnvironment& environment) {
  const Result<HeadsArguments> arguments = ParseHeadsArguments(argc, argv);
  if (!arguments) return UsageFailure(arguments.status(), "attention-dump heads --help");
  if (arguments->help) return {.exit_code = 0, .output = HeadsHelpText(), .error = {}};
  return ToOutcome(HeadsJob(*arguments, environment).Do());
}

}  // namespace fovea::dump
