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
#include "tools/attention-dump/heads/head_table.h"
#include "tools/attention-dump/heads/heads_arguments.h"
#include "tools/attention-dump/heads/probe.h"
#include "tools/attention-dump/observers/observer_group.h"
#include "tools/attention-dump/output/dump_info.h"
#include "tools/attention-dump/output/rendered_files.h"
#include "tools/attention-dump/output/sidecar.h"
#include "tools/attention-dump/output/terminal_view.h"
#include "tools/attention-dump/page/page_recorder.h"
#include "tools/attention-dump/page/recorded_page.h"
#include "tools/attention-dump/run/model_session.h"
#include "tools/attention-dump/run/prompt.h"
#include "tools/common/choose_isa.h"
#include "tools/common/progress.h"

namespace fovea::dump {
namespace {

class Heads {
 public:
  Heads(const HeadsArguments& arguments, const RunEnvironment& environment)
      : arguments_(arguments), environment_(environment) {}

  Result<std::string> Do();

 private:
  Status MakeInput();
  Status Select();
  Status Measure();
  Status MeasureEffects(const std::vector<std::int32_t>& ids);
  Status DrawPage(const Recording& recording, std::size_t threads);
  std::string Caption() const;
  std::string Json() const;

  const HeadsArguments& arguments_;
  const RunEnvironment& environment_;
  std::optional<Isa> isa_;
  std::optional<Model> model_;
  Prompt prompt_;
  Probe probe_;  ///< Only with --probe.
  AttentionSelection selection_;
  HeadTable table_;
  double loss_ = 0.0;  ///< Of the whole model; only with --ablate-all.
  DumpInfo info_;
  std::string page_;
};

Result<std::string> Heads::Do() {
  Result<std::optional<Isa>> isa = tools::ChooseIsa(arguments_.isa, environment_.isa_variable);
  FOVEA_RETURN_IF_ERROR(isa);
  isa_ = *isa;
  Result<RenderedFiles> files = RenderedFiles::Open(arguments_.outputs);
  FOVEA_RETURN_IF_ERROR(files);
  Status status = MakeInput();
  if (status.ok()) status = Select();
  if (status.ok()) status = Measure();
  FOVEA_RETURN_IF_ERROR(status);
  SortRows(arguments_.sort, arguments_.top.value_or(std::numeric_limits<std::size_t>::max()),
           &table_);
  if (files->empty()) return Caption() + HeadTableText(table_, DetectTerminal());
  Result<std::string> written = files->Write([&](OutputKind kind) {
    if (kind == OutputKind::kHtml) return page_;
    return kind == OutputKind::kCsv ? HeadTableCsv(table_) : Json();
  });
  if (written.ok() && arguments_.quiet) return std::string();
  return written;
}

Status Heads::MakeInput() {
  Result<std::string> text = std::string();
  if (!arguments_.probe) text = ReadText(arguments_);
  FOVEA_RETURN_IF_ERROR(text);
  Result<Model> model = LoadModel(arguments_);
  FOVEA_RETURN_IF_ERROR(model);
  model_ = std::move(*model);
  if (arguments_.probe) {
    Result<Probe> probe =
        MakeProbe(*model_, arguments_.probe_length, ContextOf(arguments_, *model_));
    FOVEA_RETURN_IF_ERROR(probe);
    probe_ = std::move(*probe);
    prompt_ = probe_.prompt;
    return Status::Ok();
  }
  Result<Prompt> prompt = MakePrompt(arguments_, *model_, *text);
  FOVEA_RETURN_IF_ERROR(prompt);
  prompt_ = std::move(*prompt);
  return CheckLength(arguments_, *model_, prompt_.tokens.size());
}

Status Heads::Select() {
  const ModelInfo& info = model_->info();
  Result<std::vector<std::size_t>> layers = dump::Select(arguments_.layers, info.layers, "layer");
  if (!layers) return {layers.status().code(), "--layers: " + layers.status().message()};
  Result<std::vector<std::size_t>> heads = dump::Select(arguments_.heads, info.heads, "head");
  if (!heads) return {heads.status().code(), "--heads: " + heads.status().message()};
  selection_.layers = std::move(*layers);
  selection_.heads = std::move(*heads);
  return Status::Ok();
}

Status Heads::Measure() {
  const std::vector<std::int32_t> ids = prompt_.Ids();
  Result<Session> session =
      OpenSession(*model_, MakeSessionOptions(arguments_, *model_, isa_, ids.size()));
  FOVEA_RETURN_IF_ERROR(session);
  HeadStatisticsObserver observer(selection_, probe_.period, probe_.begin);
  ObserverGroup observers;
  observers.Add(&observer);
  const ModelInfo& model = model_->info();
  const DumpShape shape = PlainShape(model, ids.size(), selection_.layers, selection_.heads);
  std::optional<PageRecorder> page;
  if (WantsPage(arguments_.outputs)) {
    Result<RecordingPlan> plan = PlanPage(arguments_, shape, model, /*texts=*/1);
    FOVEA_RETURN_IF_ERROR(plan);
    observers.Add(&page.emplace(std::move(*plan), ids));
  }
  tools::Progress progress(!arguments_.quiet);
  RunOptions options;
  options.observer = &observers;
  if (page) {
    options.on_logits = [&](std::size_t position, std::span<const float> logits) {
      page->OnLogits(position, logits);
    };
  }
  options.cancelled = environment_.interrupted;
  options.on_progress = [&](double done) { progress.Update(done, "running the text"); };
  if (const auto logits = session->Prefill(ids, options); !logits) {
    return {logits.status().code(), About(model_->info().path, logits.status().message())};
  }
  table_.probed = arguments_.probe;
  for (const HeadStatistics& head : observer.Heads()) {
    table_.rows.push_back({.statistics = head, .effect = {}});
  }
  info_ = MakeDumpInfo(*model_, *session, prompt_, {}, shape);
  for (const HeadRow& row : table_.rows) {
    info_.row_sum_error = std::max(info_.row_sum_error, row.statistics.row_sum_error);
  }
  const Status status = MeasureEffects(ids);
  if (!status.ok() || !page) return status;
  if (page->failed()) return {StatusCode::kOutOfMemory, "not enough memory to record the page"};
  return DrawPage(page->Take(), session->threads());
}

Status Heads::DrawPage(const Recording& recording, std::size_t threads) {
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

Status Heads::MeasureEffects(const std::vector<std::int32_t>& ids) {
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
  Result<EffectReport> report = MeasureHeadEffects(
      *model_, ids, MakeSessionOptions(arguments_, *model_, isa_, ids.size()), options);
  if (!report) {
    return {report.status().code(), About(model_->info().path, report.status().message())};
  }
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

std::string Heads::Caption() const {
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

std::string Heads::Json() const {
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
  return ToOutcome(Heads(*arguments, environment).Do());
}

}  // namespace fovea::dump
