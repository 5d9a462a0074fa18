#include "tools/attention-dump/run/run.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "fovea/status_macros.h"
#include "tools/attention-dump/ablation/ablation_report.h"
#include "tools/attention-dump/ablation/ablation_run.h"
#include "tools/attention-dump/base/human.h"
#include "tools/attention-dump/influence/influence_run.h"
#include "tools/attention-dump/observers/recorders.h"
#include "tools/attention-dump/output/dump_info.h"
#include "tools/attention-dump/output/outputs.h"
#include "tools/attention-dump/output/terminal_view.h"
#include "tools/attention-dump/page/page_run.h"
#include "tools/attention-dump/render/render.h"
#include "tools/attention-dump/run/dump_shape.h"
#include "tools/attention-dump/run/model_run.h"
#include "tools/attention-dump/run/model_session.h"
#include "tools/attention-dump/run/prompt.h"
#include "tools/attention-dump/stream/line_sink.h"
#include "tools/attention-dump/stream/token_stream.h"
#include "tools/common/choose_isa.h"
#include "tools/common/progress.h"

namespace fovea::dump {
namespace {

constexpr std::size_t kMaxComparedTokens = 1024;
/// For maps that must be kept whole (pictures, the page), when the user named no limit.
constexpr std::uint64_t kDefaultKeptBytes = std::uint64_t{2} << 30U;
/// Sidecar bytes per token and on top, for laying out a .safetensors header; it may be wrong.
constexpr std::uint64_t kSidecarBytesPerToken = 128;
constexpr std::uint64_t kSidecarBytes = 4096;

class Run {
 public:
  Run(const Arguments& arguments, const RunEnvironment& environment)
      : arguments_(arguments),
        environment_(environment),
        ablation_(arguments.ablate, arguments.ablation) {}

  Result<std::string> Do();

 private:
  const ValueNorms* value_norms() const { return value_norms_ ? &*value_norms_ : nullptr; }

  Status CheckLength() const;
  Status MakeShape();
  Status PrepareValues();
  Status PrepareAblation();
  void MakePlan();
  Status CheckKeptBytes();
  Status OpenSession();
  Status OpenStream();
  Status RunBefore(tools::Progress* progress);
  Status RunAndFinish();
  std::string Summary() const;

  const Arguments& arguments_;
  const RunEnvironment& environment_;
  std::optional<Isa> isa_;
  std::optional<Outputs> outputs_;
  std::optional<Model> model_;
  std::optional<Session> session_;
  Prompt prompt_;
  DumpShape shape_;
  DumpInfo info_;
  KeepPlan plan_;
  std::optional<PageRun> page_;
  std::uint64_t kept_bytes_ = 0;
  KeptMaps kept_;
  std::optional<ValueNorms> value_norms_;  // of --values
  AblationRun ablation_;
  std::optional<LineSink> lines_;  // of --stream
};

Result<std::string> Run::Do() {
  Result<std::optional<Isa>> isa = tools::ChooseIsa(arguments_.isa, environment_.isa_variable);
  FOVEA_RETURN_IF_ERROR(isa);
  isa_ = *isa;
  Result<Outputs> outputs = Outputs::Open(arguments_.outputs);
  FOVEA_RETURN_IF_ERROR(outputs);
  outputs_ = std::move(*outputs);
  Result<std::string> text = ReadText(arguments_);
  FOVEA_RETURN_IF_ERROR(text);
  Result<Model> model = LoadModel(arguments_);
  FOVEA_RETURN_IF_ERROR(model);
  model_ = std::move(*model);
  Result<Prompt> prompt = MakePrompt(arguments_, *model_, *text);
  FOVEA_RETURN_IF_ERROR(prompt);
  prompt_ = std::move(*prompt);
  Status status = CheckLength();
  if (status.ok()) status = MakeShape();
  if (status.ok()) status = PrepareValues();
  if (status.ok()) MakePlan();
  if (status.ok()) status = CheckKeptBytes();
  if (status.ok()) {
    status =
        outputs_->Lay(shape_, kSidecarBytes + text->size() + shape_.tokens * kSidecarBytesPerToken);
  }
  if (status.ok()) status = OpenSession();
  if (status.ok()) status = PrepareAblation();
  if (status.ok()) status = OpenStream();
  if (status.ok()) status = RunAndFinish();
  FOVEA_RETURN_IF_ERROR(status);
  return Summary();
}

Status Run::CheckLength() const {
  const std::size_t count = prompt_.tokens.size();
  const std::size_t generate = arguments_.generate.value_or(0);
  const Status status = dump::CheckLength(arguments_, *model_, count, generate);
  FOVEA_RETURN_IF_ERROR(status);
  const bool pictures = outputs_->draws_pictures() || ShowsTerminalView(arguments_);
  if (arguments_.compare_mask && pictures && count + generate > kMaxComparedTokens) {
    return {StatusCode::kLimitExceeded,
            "--compare-mask: " + std::to_string(count + generate) + " tokens, the limit is " +
                std::to_string(kMaxComparedTokens) + " (an .html page has none)"};
  }
  return Status::Ok();
}

Status Run::MakeShape() {
  const ModelInfo& info = model_->info();
  Result<std::vector<std::size_t>> layers = Select(arguments_.layers, info.layers, "layer");
  if (!layers) return {layers.status().code(), "--layers: " + layers.status().message()};
  Result<std::vector<std::size_t>> heads = Select(arguments_.heads, info.heads, "head");
  if (!heads) return {heads.status().code(), "--heads: " + heads.status().message()};
  shape_ = {.tokens = prompt_.tokens.size() + arguments_.generate.value_or(0),
            .generated = arguments_.generate.value_or(0),
            .generates = arguments_.generate.has_value(),
            .layers = std::move(*layers),
            .heads = std::move(*heads),
            .model_heads = info.heads,
            .kv_heads = info.kv_heads,
            .head_dim = info.head_dim,
            .vocabulary = info.vocabulary,
            .half = arguments_.half,
            .scores = arguments_.scores,
            .logits = arguments_.logits,
            .trace = arguments_.trace,
            .maps = !arguments_.reduction.any(),
            .top_k = 0,
            .pool = arguments_.reduction.pool};
  shape_.top_k = std::min(arguments_.reduction.top_k, shape_.tokens);
  return Status::Ok();
}

void Run::MakePlan() {
  for (const OutputPath& output : arguments_.outputs) {
    const bool text = output.kind == OutputKind::kJson || output.kind == OutputKind::kCsv;
    plan_.top_k = plan_.top_k || (text && shape_.top_k > 0);
    plan_.pooled = plan_.pooled || (text && shape_.pool > 0);
    plan_.whole_maps = plan_.whole_maps || (text && shape_.maps);
  }
  plan_.statistics = ShowsTerminalView(arguments_);
  const bool pictures = outputs_->draws_pictures();
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

Status Run::CheckKeptBytes() {
  const Result<std::uint64_t> bytes = KeptBytes(plan_, shape_);
  const double page = page_ ? page_->Bytes() : 0.0;
  const double runs = ablation_.wanted() ? 2.0 : 1.0;
  const double needed = runs * static_cast<double>(bytes.ok() ? *bytes : 0) + page;
  std::uint64_t limit = kDefaultKeptBytes;
  if (arguments_.max_memory != 0) {
    const std::uint64_t model_bytes = model_->info().file_bytes;
    limit = arguments_.max_memory - std::min(arguments_.max_memory, model_bytes);
  }
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

Status Run::OpenSession() {
  SessionOptions options =
      MakeSessionOptions(arguments_, *model_, isa_, shape_.tokens, kept_bytes_);
  if (arguments_.stream.prompt) options.prefill_batch = StreamBatch(shape_, options.prefill_batch);
  Result<Session> session = dump::OpenSession(*model_, options);
  FOVEA_RETURN_IF_ERROR(session);
  session_ = std::move(*session);
  return Status::Ok();
}

Status Run::OpenStream() {
  if (!arguments_.stream.on) return Status::Ok();
  Result<LineSink> lines = LineSink::Open(arguments_.stream.file, environment_.interrupted);
  FOVEA_RETURN_IF_ERROR(lines);
  lines_.emplace(std::move(*lines));
  return Status::Ok();
}

Status Run::PrepareValues() {
  if (!arguments_.values) return Status::Ok();
  Result<ValueNorms> norms = ValueNorms::Create(*model_, shape_.layers);
  if (!norms) return {norms.status().code(), "--values: " + norms.status().message()};
  value_norms_ = std::move(*norms);
  return Status::Ok();
}

Status Run::PrepareAblation() {
  if (!ablation_.wanted()) return Status::Ok();
  return ablation_.Prepare(
      *model_, prompt_.Ids(),
      MakeSessionOptions(arguments_, *model_, isa_, shape_.tokens, kept_bytes_),
      environment_.interrupted);
}

/// The same run with all heads in place, for the pictures, the page and the report.
Status Run::RunBefore(tools::Progress* progress) {
  const std::vector<std::int32_t> prompt = prompt_.Ids();
  DumpShape shape = shape_;
  shape.scores = shape.logits = shape.trace = false;
  shape.top_k = shape.pool = 0;
  KeepPlan plan;
  plan.picture_block = plan_.picture_block;
  plan.whole_maps = plan.picture_block == 1;
  plan.value_norms = plan_.value_norms;
  KeptMaps kept;
  Recorders recorders(plan, shape, {}, &kept);
  if (page_) {
    FOVEA_RETURN_IF_ERROR(page_->Open(prompt));
    recorders.observers()->Add(page_->recorder());
  }
  LossRecorder losses(prompt);
  ModelRun run = {.prompt = prompt, .observer = recorders.observers(), .stop = {}};
  run.stop = [&] { return (page_ && !page_->status().ok()) || environment_.interrupted(); };
  run.on_logits = [&](std::size_t position, std::span<const float> logits) {
    losses.OnLogits(position, logits);
    if (page_) page_->recorder()->OnLogits(position, logits);
  };
  Result<std::vector<std::int32_t>> ran = RunModel(run, &*session_, progress);
  if (page_ && !page_->status().ok()) return page_->status();
  if (!ran) return {ran.status().code(), About(model_->info().path, ran.status().message())};
  DumpInfo info = MakeDumpInfo(*model_, *session_, prompt_, {}, shape);
  FOVEA_RETURN_IF_ERROR(recorders.Finish(&info));
  if (plan.picture_block != 0) {
    kept_.before = kept.ForPictures();
    if (arguments_.values) NormaliseRows(&*kept_.before);
  }
  ablation_.NoteBefore(losses);
  return session_->Truncate(0);
}

Status Run::RunAndFinish() {
  const std::vector<ArrayFile*> files = outputs_->array_files();
  Recorders recorders(plan_, shape_, files, &kept_);
  const std::vector<std::int32_t> prompt = prompt_.Ids();
  tools::Progress progress(!arguments_.quiet);
  if (ablation_.wanted()) {
    FOVEA_RETURN_IF_ERROR(RunBefore(&progress));
  }
  if (page_) {
    FOVEA_RETURN_IF_ERROR(page_->Open(prompt));
    recorders.observers()->Add(page_->recorder());
  }
  LossRecorder losses(prompt);
  ModelRun run = {.prompt = prompt,
                  .generate = shape_.generated,
                  .tokenizer = model_->tokenizer(),
                  .observer = recorders.observers(),
                  .ablations = ablation_.ablations(),
                  .stop = {}};
  std::optional<TokenStream> stream;
  if (lines_) {
    const std::size_t first = arguments_.stream.prompt ? 0 : prompt.size() - 1;
    stream.emplace(shape_, first, model_->tokenizer(), &*lines_);
    recorders.observers()->Add(&*stream);
    stream->Begin(MakeDumpInfo(*model_, *session_, prompt_, {}, shape_), shape_.generated);
    run.on_token = [&](std::size_t position, std::int32_t token, std::span<const float> logits) {
      stream->OnToken(position, token, position >= prompt.size(), logits);
    };
  }
  if (shape_.logits || page_ || ablation_.wanted() || arguments_.stream.prompt) {
    run.on_logits = [&](std::size_t position, std::span<const float> logits) {
      if (shape_.logits) recorders.OnLogits(position, logits);
      if (ablation_.wanted()) losses.OnLogits(position, logits);
      if (page_) page_->recorder()->OnLogits(position, logits);
      if (arguments_.stream.prompt && position + 1 < prompt.size()) {
        stream->OnToken(position, prompt[position], false, logits);
      }
    };
  }
  run.stop = [&] {
    return recorders.writer().failed() || (page_ && !page_->status().ok()) ||
           (stream && stream->failed()) || environment_.interrupted();
  };
  Result<std::vector<std::int32_t>> generated = RunModel(run, &*session_, &progress);
  if (const ArrayWriter& writer = recorders.writer(); writer.failed()) {
    const std::string subject =
        files.empty() ? InputName(arguments_) : outputs_->array_path(writer.failed_file());
    return {writer.status().code(), About(subject, writer.status().message())};
  }
  if (page_ && !page_->status().ok()) return page_->status();
  if (stream && stream->failed()) return stream->status();
  if (!generated) {
    return {generated.status().code(), About(model_->info().path, generated.status().message())};
  }
  info_ = MakeDumpInfo(*model_, *session_, prompt_, *generated, shape_);
  if (ablation_.wanted()) {
    ablation_.NoteAfter(losses);
    info_.ablated = HeadListText(arguments_.ablate);
    info_.ablation_json = AblationJson(ablation_.report());
  }
  FOVEA_RETURN_IF_ERROR(recorders.Finish(&info_));
  if (arguments_.values) {
    info_.quantity = "value-weighted";
    if (kept_.picture.tokens == 0) kept_.picture = kept_.whole;
    NormaliseRows(&kept_.picture);
  }
  PageDocument page;
  if (page_) {
    std::optional<PageChange> change;
    if (ablation_.wanted()) change = ablation_.Change(info_.ablated);
    Result<PageDocument> built = page_->Build(info_, session_->threads(), environment_.interrupted,
                                              &progress, change ? &*change : nullptr);
    FOVEA_RETURN_IF_ERROR(built);
    page = std::move(*built);
  }
  progress.Update(1.0, "writing");
  const Status written = outputs_->Finish(info_, shape_, {.kept = &kept_, .page = &page});
  FOVEA_RETURN_IF_ERROR(written);
  if (!stream) return Status::Ok();
  stream->End(info_);
  return stream->status();
}

std::string Run::Summary() const {
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
  if (arguments.rollout || arguments.flow) return RunInfluence(arguments, environment);
  return Run(arguments, environment).Do();
}

}  // namespace fovea::dump
