#include "tools/attention-dump/dump/dump_run.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "fovea/status_macros.h"
#include "tools/attention-dump/ablation/ablation_report.h"
#include "tools/attention-dump/ablation/ablation_run.h"
#include "tools/attention-dump/base/human.h"
#include "tools/attention-dump/data/dump_info.h"
#include "tools/attention-dump/data/dump_shape.h"
#include "tools/attention-dump/dump/encoder_decoder_run.h"
#include "tools/attention-dump/observers/recorders.h"
#include "tools/attention-dump/observers/token_stream.h"
#include "tools/attention-dump/output/line_sink.h"
#include "tools/attention-dump/output/outputs.h"
#include "tools/attention-dump/output/terminal_view.h"
#include "tools/attention-dump/render/render.h"
#include "tools/attention-dump/run/job.h"
#include "tools/attention-dump/run/model_run.h"
#include "tools/attention-dump/run/model_session.h"
#include "tools/attention-dump/run/page_run.h"
#include "tools/attention-dump/run/prompt.h"
#include "tools/common/progress.h"

namespace fovea::dump {
namespace {

constexpr std::size_t kMaxComparedTokens = 1024;

class DumpJob final : public Job {
 public:
  DumpJob(const Arguments& arguments, const RunEnvironment& environment)
      : Job(arguments, environment),
        arguments_(arguments),
        ablation_(arguments.ablate, arguments.ablation) {}

 protected:
  Status OpenOutputs() override;
  Status CheckKind() override;
  bool TakesOver() const override { return model_->info().kind == ModelKind::kEncoderDecoder; }
  Result<std::string> Instead() override;
  Status CheckLengths() override;
  Status Plan() override;
  Status OpenSessions() override;
  Status RunModels() override;
  Status Finish() override;
  std::string Summary() override;
  std::size_t Generated() const override { return arguments_.generate.value_or(0); }

 private:
  const ValueNorms* value_norms() const { return value_norms_ ? &*value_norms_ : nullptr; }
  bool draws_pictures() const { return AnyHolds(arguments_.outputs, OutputContent::kPicture); }

  Status MakeShape();
  Status PrepareValues();
  void PlanWhatIsKept();
  Status CheckKeptBytes();
  Status OpenStream();
  Status RunBefore(const std::vector<std::int32_t>& prompt);
  ModelRun MakeRun(const std::vector<std::int32_t>& prompt, LossRecorder* losses);
  Status WhyRunFailed(const Status& status) const;
  Result<PageDocument> BuildPage();

  const Arguments& arguments_;
  std::optional<Outputs> outputs_;
  std::optional<Session> session_;
  DumpShape shape_;
  DumpInfo info_;
  KeepPlan plan_;
  std::optional<PageRun> page_;
  std::uint64_t kept_bytes_ = 0;
  KeptMaps kept_;
  std::optional<ValueNorms> value_norms_;  // of --values
  AblationRun ablation_;
  std::optional<LineSink> lines_;  // of --stream
  std::optional<TokenStream> stream_;
  std::optional<Recorders> recorders_;
  std::optional<tools::Progress> progress_;
};

Status DumpJob::OpenOutputs() {
  Result<Outputs> outputs = Outputs::Open(arguments_.outputs);
  FOVEA_RETURN_IF_ERROR(outputs);
  outputs_ = std::move(*outputs);
  return Status::Ok();
}

Status DumpJob::CheckKind() {
  const ModelInfo& info = model_->info();
  const bool both = info.kind == ModelKind::kEncoderDecoder;
  if (!both && (arguments_.target || !arguments_.target_ids.empty())) {
    return {StatusCode::kUnsupported, "--target: it takes an encoder-decoder, and " + info.path +
                                          " is an " + std::string(ModelKindName(info.kind))};
  }
  if (both || info.has_decoder()) return Status::Ok();
  const struct {
    bool given;
    const char* option;
  } need_a_decoder[] = {{arguments_.generate.has_value(), "--generate"},
                        {arguments_.stream.on, "--stream"},
                        {ablation_.wanted(), "--ablate"},
                        {arguments_.compare_mask, "--compare-mask"}};
  for (const auto& option : need_a_decoder) {
    if (option.given) return RequireDecoder(option.option);
  }
  if (arguments_.logits && !info.has_logits) {
    return {StatusCode::kUnsupported,
            "--logits: " + info.path + " is an encoder without a head that gives logits"};
  }
  return Status::Ok();
}

Result<std::string> DumpJob::Instead() {
  FOVEA_RETURN_IF_ERROR(MakePrompts());
  EncoderDecoderRun run(arguments_, environment_, *model_, prompt_);
  SessionOptions options = OptionsFor(run.context_size());
  options.encoder_context_size = prompt_.tokens.size();
  return run.Do(options, &*outputs_);
}

Status DumpJob::CheckLengths() {
  FOVEA_RETURN_IF_ERROR(Job::CheckLengths());
  const std::size_t tokens = prompt_.tokens.size() + Generated();
  const bool pictures = draws_pictures() || ShowsTerminalView(arguments_);
  if (arguments_.compare_mask && pictures && tokens > kMaxComparedTokens) {
    return {StatusCode::kLimitExceeded,
            "--compare-mask: " + std::to_string(tokens) + " tokens, the limit is " +
                std::to_string(kMaxComparedTokens) + " (an .html page has none)"};
  }
  return Status::Ok();
}

Status DumpJob::Plan() {
  FOVEA_RETURN_IF_ERROR(MakeShape());
  FOVEA_RETURN_IF_ERROR(PrepareValues());
  PlanWhatIsKept();
  FOVEA_RETURN_IF_ERROR(CheckKeptBytes());
  return outputs_->Preallocate(shape_, text_.size());
}

Status DumpJob::MakeShape() {
  Result<ChosenHeads> chosen = ChooseHeads(arguments_.layers, arguments_.heads, model_->info());
  FOVEA_RETURN_IF_ERROR(chosen);
  shape_ = MapShape(model_->info(), prompt_.tokens.size() + Generated(), std::move(chosen->layers),
                    std::move(chosen->heads));
  shape_.generated = Generated();
  shape_.generates = arguments_.generate.has_value();
  shape_.half = arguments_.half;
  shape_.scores = arguments_.scores;
  shape_.logits = arguments_.logits;
  shape_.embeddings = arguments_.embeddings;
  shape_.hidden = arguments_.hidden;
  shape_.trace = arguments_.trace;
  shape_.maps = !arguments_.reduction.any();
  shape_.top_k = std::min(arguments_.reduction.top_k, shape_.tokens);
  shape_.pool = arguments_.reduction.pool;
  return Status::Ok();
}

void DumpJob::PlanWhatIsKept() {
  const bool text = AnyHolds(arguments_.outputs, OutputContent::kText);
  plan_.top_k = text && shape_.top_k > 0;
  plan_.pooled = text && shape_.pool > 0;
  plan_.whole_maps = text && shape_.maps;
  plan_.statistics = ShowsTerminalView(arguments_);
  const bool pictures = draws_pictures();
  plan_.bidirectional = arguments_.compare_mask && (plan_.statistics || pictures);
  if (plan_.bidirectional) {
    plan_.picture_block = 1;
  } else if (plan_.statistics || pictures) {
    const std::size_t cells = pictures ? MaxPictureCells(shape_.layers.size(), shape_.heads.size())
                                       : TerminalCells(DetectTerminal());
    plan_.picture_block =
        std::max({std::size_t{1}, shape_.pool, (shape_.tokens + cells - 1) / cells});
  }
  plan_.whole_maps = plan_.whole_maps || plan_.picture_block == 1;
  if (const std::string path = outputs_->page_path(); !path.empty()) {
    page_.emplace(PageRunOptions{.path = path,
                                 .page_bytes = arguments_.page_size,
                                 .without_mask = arguments_.compare_mask,
                                 .twice = ablation_.wanted()},
                  shape_, *model_);
  }
  plan_.value_norms = value_norms();
  plan_.others_take_rows = page_ || arguments_.stream.on;
}

Status DumpJob::CheckKeptBytes() {
  const Result<std::uint64_t> bytes = KeptBytes(plan_, shape_);
  const double page = page_ ? page_->Bytes() : 0.0;
  const double runs = ablation_.wanted() ? 2.0 : 1.0;
  const double needed = runs * static_cast<double>(bytes.ok() ? *bytes : 0) + page;
  const std::uint64_t limit = KeptLimit(arguments_, model_->info());
  if (!bytes.ok() || needed > static_cast<double>(limit)) {
    return {StatusCode::kLimitExceeded,
            (ShowsTerminalView(arguments_) ? "the terminal view" : "pictures, pages and text") +
                std::string(": the maps of ") + std::to_string(shape_.tokens) + " tokens need " +
                (bytes.ok() ? HumanBytes(needed) : "too much memory") + ", the limit is " +
                HumanBytes(static_cast<double>(limit)) +
                "; choose with --layers and --heads, write .npz, or raise --max-memory"};
  }
  kept_bytes_ = static_cast<std::uint64_t>(needed);
  return Status::Ok();
}

Status DumpJob::OpenSessions() {
  const SessionOptions options = OptionsFor(shape_.tokens, kept_bytes_);
  SessionOptions streaming = options;
  if (arguments_.stream.prompt) {
    streaming.prefill_batch = StreamBatch(shape_, options.prefill_batch);
  }
  Result<Session> session = OpenSession(*model_, streaming);
  FOVEA_RETURN_IF_ERROR(session);
  session_ = std::move(*session);
  if (ablation_.wanted()) {
    FOVEA_RETURN_IF_ERROR(
        ablation_.Prepare(*model_, prompt_.Ids(), options, environment_.interrupted));
  }
  return OpenStream();
}

Status DumpJob::OpenStream() {
  if (!arguments_.stream.on) return Status::Ok();
  Result<LineSink> lines = LineSink::Open(arguments_.stream.file, environment_.interrupted);
  FOVEA_RETURN_IF_ERROR(lines);
  lines_.emplace(std::move(*lines));
  return Status::Ok();
}

Status DumpJob::PrepareValues() {
  if (!arguments_.values) return Status::Ok();
  Result<ValueNorms> norms = ValueNorms::Create(*model_, shape_.layers, isa_);
  if (!norms) return About("--values", norms.status());
  value_norms_ = std::move(*norms);
  return Status::Ok();
}

/// The same run with all heads in place, for the pictures, the page and the report.
Status DumpJob::RunBefore(const std::vector<std::int32_t>& prompt) {
  DumpShape shape = shape_;
  shape.scores = shape.logits = shape.trace = shape.embeddings = shape.hidden = false;
  shape.top_k = shape.pool = 0;
  KeepPlan plan;
  plan.picture_block = plan_.picture_block;
  plan.whole_maps = plan.picture_block == 1;
  plan.value_norms = plan_.value_norms;
  KeptMaps kept;
  Recorders recorders(plan, shape, {}, &kept);
  if (page_) {
    FOVEA_RETURN_IF_ERROR(page_->Open(prompt, session_->kernels()));
    recorders.observers()->Add(page_->recorder());
  }
  LossRecorder losses(prompt, session_->kernels());
  ModelRun run = {.prompt = prompt, .observer = recorders.observers(), .stop = {}};
  run.stop = [&] { return (page_ && !page_->status().ok()) || environment_.interrupted(); };
  run.on_logits = [&](std::size_t position, std::span<const float> logits) {
    losses.OnLogits(position, logits);
    if (page_) page_->recorder()->OnLogits(position, logits);
  };
  Result<std::vector<std::int32_t>> ran = RunModel(run, &*session_, &*progress_);
  if (page_ && !page_->status().ok()) return page_->status();
  if (!ran) return AboutModel(ran.status());
  DumpInfo info = MakeDumpInfo(*model_, *session_, prompt_, {}, shape);
  FOVEA_RETURN_IF_ERROR(recorders.Finish(&info));
  if (plan.picture_block != 0) {
    kept_.before = kept.ForPictures();
    if (arguments_.values) NormaliseRows(&*kept_.before);
  }
  ablation_.NoteBefore(losses);
  return session_->Truncate(0);
}

/// The run, with everything that listens to it. `prompt` and `losses` must outlive it.
ModelRun DumpJob::MakeRun(const std::vector<std::int32_t>& prompt, LossRecorder* losses) {
  ModelRun run = {.prompt = prompt,
                  .generate = shape_.generated,
                  .tokenizer = model_->tokenizer(),
                  .observer = recorders_->observers(),
                  .ablations = ablation_.ablations(),
                  .stop = {}};
  const bool streams_prompt = arguments_.stream.prompt;
  if (stream_) {
    run.on_token = [this, &prompt](std::size_t position, std::int32_t token,
                                   std::span<const float> logits) {
      stream_->OnToken(position, token, position >= prompt.size(), logits);
    };
  }
  // Logits of an encoder say what a token itself could be, not the next one.
  const bool page_takes_logits = page_.has_value() && model_->info().has_decoder();
  if (shape_.logits || page_takes_logits || ablation_.wanted() || streams_prompt) {
    run.on_logits = [this, &prompt, losses, streams_prompt, page_takes_logits](
                        std::size_t position, std::span<const float> logits) {
      if (shape_.logits) recorders_->OnLogits(position, logits);
      if (ablation_.wanted()) losses->OnLogits(position, logits);
      if (page_takes_logits) page_->recorder()->OnLogits(position, logits);
      if (streams_prompt && position + 1 < prompt.size()) {
        stream_->OnToken(position, prompt[position], false, logits);
      }
    };
  }
  if (shape_.embeddings) {
    run.on_output = [this](std::size_t position, std::span<const float> rows) {
      recorders_->OnOutput(position, rows);
    };
  }
  if (shape_.hidden) {
    run.on_hidden = [this](std::size_t layer, std::size_t position, std::span<const float> rows) {
      recorders_->OnHidden(layer, position, rows);
    };
  }
  run.stop = [this] {
    return recorders_->writer().failed() || (page_ && !page_->status().ok()) ||
           (stream_ && stream_->failed()) || environment_.interrupted();
  };
  return run;
}

/// What stopped the run, if anything did; `status` is the run's own.
Status DumpJob::WhyRunFailed(const Status& status) const {
  if (const ArrayWriter& writer = recorders_->writer(); writer.failed()) {
    const bool writes_arrays = !outputs_->array_files().empty();
    return About(writes_arrays ? outputs_->array_path(writer.failed_file()) : InputName(arguments_),
                 writer.status());
  }
  if (page_ && !page_->status().ok()) return page_->status();
  if (stream_ && stream_->failed()) return stream_->status();
  return status.ok() ? status : AboutModel(status);
}

Status DumpJob::RunModels() {
  const std::vector<std::int32_t> prompt = prompt_.Ids();
  recorders_.emplace(plan_, shape_, outputs_->array_files(), &kept_);
  progress_.emplace(!arguments_.quiet);
  if (ablation_.wanted()) {
    FOVEA_RETURN_IF_ERROR(RunBefore(prompt));
  }
  if (page_) {
    FOVEA_RETURN_IF_ERROR(page_->Open(prompt, session_->kernels()));
    recorders_->observers()->Add(page_->recorder());
  }
  if (lines_) {
    const std::size_t first = arguments_.stream.prompt ? 0 : prompt.size() - 1;
    stream_.emplace(shape_, first, model_->tokenizer(), &*lines_);
    recorders_->observers()->Add(&*stream_);
    stream_->Begin(MakeDumpInfo(*model_, *session_, prompt_, {}, shape_), shape_.generated);
  }
  LossRecorder losses(prompt, session_->kernels());
  Result<std::vector<std::int32_t>> generated =
      RunModel(MakeRun(prompt, &losses), &*session_, &*progress_);
  FOVEA_RETURN_IF_ERROR(WhyRunFailed(generated.ok() ? Status::Ok() : generated.status()));
  info_ = MakeDumpInfo(*model_, *session_, prompt_, *generated, shape_);
  if (ablation_.wanted()) {
    ablation_.NoteAfter(losses);
    info_.ablated = HeadListText(arguments_.ablate);
    info_.ablation_json = AblationJson(ablation_.report());
  }
  FOVEA_RETURN_IF_ERROR(recorders_->Finish(&info_));
  if (arguments_.values) {
    info_.quantity = Quantity::kValueWeighted;
    if (kept_.picture.tokens == 0) kept_.picture = kept_.whole;
    NormaliseRows(&kept_.picture);
  }
  return Status::Ok();
}

Result<PageDocument> DumpJob::BuildPage() {
  std::optional<PageChange> change;
  if (ablation_.wanted()) change = ablation_.Change(info_.ablated);
  return page_->Build(info_, session_->threads(), environment_.interrupted, &*progress_,
                      change ? &*change : nullptr);
}

Status DumpJob::Finish() {
  PageDocument page;
  if (page_) {
    Result<PageDocument> built = BuildPage();
    FOVEA_RETURN_IF_ERROR(built);
    page = std::move(*built);
  }
  progress_->Update(1.0, "writing");
  FOVEA_RETURN_IF_ERROR(outputs_->Finish(info_, shape_, {.kept = &kept_, .page = &page}));
  progress_.reset();  // wipes the bar
  if (!stream_) return Status::Ok();
  stream_->End(info_);
  return stream_->status();
}

std::string DumpJob::Summary() {
  std::string text;
  if (ablation_.wanted() && !arguments_.quiet && !(lines_ && arguments_.stream.file.empty())) {
    text = AblationText(ablation_.report(), model_->tokenizer(), DetectTerminal()) + "\n";
  }
  if (ShowsTerminalView(arguments_)) {
    if (arguments_.values) {
      text +=
          "Value-weighted: weight x length of the value behind the output projection, each row\n"
          "divided by its sum\n\n";
    }
    return text + TerminalView(info_, kept_, DetectTerminal());
  }
  // Standard output belongs to the stream if it goes there.
  if (arguments_.quiet || (lines_ && arguments_.stream.file.empty())) return text;
  if (lines_) {
    text += OneLine(arguments_.stream.file) + ": " + Counted(lines_->lines(), "line") + "\n";
  }
  for (const Outputs::Written& file : outputs_->written()) {
    text += OneLine(file.path) + ": " + Counted(shape_.layers.size(), "layer") + ", " +
            Counted(shape_.heads.size(), "head") + ", " + Counted(info_.tokens.size(), "token") +
            ", " + HumanBytes(static_cast<double>(file.bytes)) + "\n";
  }
  return text;
}

}  // namespace

Result<std::string> RunDump(const Arguments& arguments, const RunEnvironment& environment) {
  return DumpJob(arguments, environment).Do();
}

}  // namespace fovea::dump
