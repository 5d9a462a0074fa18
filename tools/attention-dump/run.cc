#include "tools/attention-dump/run.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "tools/attention-dump/bidirectional.h"
#include "tools/attention-dump/dump_info.h"
#include "tools/attention-dump/dump_shape.h"
#include "tools/attention-dump/human.h"
#include "tools/attention-dump/model_run.h"
#include "tools/attention-dump/model_session.h"
#include "tools/attention-dump/observer_group.h"
#include "tools/attention-dump/outputs.h"
#include "tools/attention-dump/page/build_page.h"
#include "tools/attention-dump/page/page_recorder.h"
#include "tools/attention-dump/prompt.h"
#include "tools/attention-dump/row_sum_check.h"
#include "tools/attention-dump/streaming_dump.h"
#include "tools/attention-dump/terminal_view.h"
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
  Run(const Arguments& arguments, const RunSurroundings& surroundings)
      : arguments_(arguments), surroundings_(surroundings) {}

  Result<std::string> Do();

 private:
  bool keeps_maps() const { return arguments_.outputs.empty() || outputs_->needs_maps(); }
  bool makes_page() const { return !outputs_->page_path().empty(); }

  Status CheckLength() const;
  Status MakeShape();
  Status CheckKeptBytes();
  void PlanPage();
  Status OpenSession();
  Status RunAndFinish();
  Status MakePage(const Recording& recording, tools::Progress* progress);
  std::string Summary() const;

  const Arguments& arguments_;
  const RunSurroundings& surroundings_;
  std::optional<Isa> isa_;
  std::optional<Outputs> outputs_;
  std::optional<Model> model_;
  std::optional<Session> session_;
  Prompt prompt_;
  DumpShape shape_;
  DumpInfo info_;
  std::uint64_t kept_bytes_ = 0;
  MapSet maps_;
  std::optional<MapSet> bidirectional_;
  RecordingPlan page_plan_;
  BuiltPage page_;
};

Result<std::string> Run::Do() {
  Result<std::optional<Isa>> isa = tools::ChooseIsa(arguments_.isa, surroundings_.isa_variable);
  if (!isa) return isa.status();
  isa_ = *isa;
  Result<Outputs> outputs = Outputs::Open(arguments_.outputs);
  if (!outputs) return outputs.status();
  outputs_ = std::move(*outputs);
  Result<std::string> text = ReadText(arguments_);
  if (!text) return text.status();
  Result<Model> model = LoadModel(arguments_);
  if (!model) return model.status();
  model_ = std::move(*model);
  Result<Prompt> prompt = MakePrompt(arguments_, *model_, *text);
  if (!prompt) return prompt.status();
  prompt_ = std::move(*prompt);
  Status status = CheckLength();
  if (status.ok()) status = MakeShape();
  if (status.ok()) PlanPage();
  if (status.ok()) status = CheckKeptBytes();
  if (status.ok()) {
    status =
        outputs_->Lay(shape_, kSidecarBytes + text->size() + shape_.tokens * kSidecarBytesPerToken);
  }
  if (status.ok()) status = OpenSession();
  if (status.ok()) status = RunAndFinish();
  if (!status.ok()) return status;
  return Summary();
}

Status Run::CheckLength() const {
  const std::size_t count = prompt_.tokens.size();
  const std::size_t generate = arguments_.generate.value_or(0);
  const Status status = dump::CheckLength(arguments_, *model_, count, generate);
  if (!status.ok()) return status;
  if (arguments_.compare_mask && keeps_maps() && count + generate > kMaxComparedTokens) {
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
            .trace = arguments_.trace};
  return Status::Ok();
}

void Run::PlanPage() {
  if (!makes_page()) return;
  page_plan_ = PlanRecording(
      shape_, model_->info(),
      arguments_.page_size != 0 ? arguments_.page_size : DefaultPageBytes(shape_.tokens),
      /*texts=*/1, arguments_.compare_mask);
}

Status Run::CheckKeptBytes() {
  const Result<std::uint64_t> bytes = ArrayBytes(ElementType::kF32, AttentionSpec(shape_).shape);
  const double copies = !keeps_maps() ? 0.0 : arguments_.compare_mask ? 2.0 : 1.0;
  const double page = makes_page() ? page_plan_.Bytes() : 0.0;
  const double needed = copies * static_cast<double>(bytes.ok() ? *bytes : 0) + page;
  std::uint64_t limit = kDefaultKeptBytes;
  if (arguments_.max_memory != 0) {
    const std::uint64_t model_bytes = model_->info().file_bytes;
    limit = arguments_.max_memory - std::min(arguments_.max_memory, model_bytes);
  }
  if ((keeps_maps() && !bytes.ok()) || needed > static_cast<double>(limit)) {
    return {StatusCode::kLimitExceeded,
            (arguments_.outputs.empty() ? "the terminal view" : "pictures, pages and text") +
                std::string(": the maps of ") + std::to_string(shape_.tokens) + " tokens need " +
                (bytes.ok() ? HumanBytes(needed) : "too much memory") + ", the limit is " +
                HumanBytes(static_cast<double>(limit)) +
                "; choose with --layers and --heads, write .npz, or raise --max-memory"};
  }
  kept_bytes_ = static_cast<std::uint64_t>(needed);
  return Status::Ok();
}

Status Run::OpenSession() {
  Result<Session> session = dump::OpenSession(
      *model_, MakeSessionOptions(arguments_, *model_, isa_, shape_.tokens, kept_bytes_));
  if (!session) return session.status();
  session_ = std::move(*session);
  return Status::Ok();
}

Status Run::RunAndFinish() {
  const std::vector<ArrayFile*> files = outputs_->array_files();
  std::vector<KeptTrace> traces;
  ArrayWriter writer(files);
  StreamingDump dump(shape_, &writer, keeps_maps() ? &maps_ : nullptr,
                     arguments_.compare_mask && keeps_maps() ? &traces : nullptr);
  RowSumCheck row_sums({.layers = shape_.layers, .heads = shape_.heads});
  ObserverGroup observers;
  observers.Add(&dump);
  if (observers.selection().rows) observers.Add(&row_sums);
  const std::vector<std::int32_t> prompt = prompt_.Ids();
  std::optional<PageRecorder> page;
  if (makes_page()) observers.Add(&page.emplace(page_plan_, prompt));
  tools::Progress progress(!arguments_.quiet);
  ModelRun run = {.prompt = prompt,
                  .generate = shape_.generated,
                  .tokenizer = model_->tokenizer(),
                  .observer = &observers,
                  .stop = [&] {
                    return writer.failed() || (page && page->failed()) ||
                           surroundings_.interrupted();
                  }};
  if (shape_.logits || page) {
    run.on_logits = [&](std::size_t position, std::span<const float> logits) {
      if (shape_.logits) dump.OnLogits(position, logits);
      if (page) page->OnLogits(position, logits);
    };
  }
  Result<std::vector<std::int32_t>> generated = RunModel(run, &*session_, &progress);
  if (writer.failed()) {
    const std::string subject =
        files.empty() ? InputName(arguments_) : outputs_->array_path(writer.failed_file());
    return {writer.status().code(), About(subject, writer.status().message())};
  }
  if (page && page->failed()) {
    return {StatusCode::kOutOfMemory, outputs_->page_path() + ": not enough memory to record it"};
  }
  if (!generated) {
    return {generated.status().code(), About(model_->info().path, generated.status().message())};
  }
  info_ = MakeDumpInfo(*model_, *session_, prompt_, *generated, shape_);
  info_.row_sum_error = row_sums.error();
  const std::size_t tokens = info_.tokens.size();
  maps_.windows = info_.windows;
  TrimMaps(tokens, &maps_);
  if (arguments_.compare_mask && keeps_maps()) {
    Result<MapSet> maps = BidirectionalMaps(shape_, traces, tokens);
    if (!maps) return {maps.status().code(), "--compare-mask: " + maps.status().message()};
    bidirectional_ = std::move(*maps);
  }
  if (page) {
    const Status status = MakePage(page->Take(), &progress);
    if (!status.ok()) return status;
  }
  progress.Update(1.0, "writing");
  return outputs_->Finish(info_, shape_,
                          {.maps = &maps_,
                           .bidirectional = bidirectional_ ? &*bidirectional_ : nullptr,
                           .page = &page_.document});
}

Status Run::MakePage(const Recording& recording, tools::Progress* progress) {
  const PageText text = {.info = &info_, .recording = &recording, .tokenizer = model_->tokenizer()};
  Result<BuiltPage> built =
      BuildPage({&text, 1}, nullptr,
                {.bytes = arguments_.page_size,
                 .without_mask = arguments_.compare_mask,
                 .threads = session_->threads(),
                 .cancelled = surroundings_.interrupted,
                 .on_progress = [&](double done) { progress->Update(done, "packing the page"); }});
  if (!built) {
    const bool too_large = built.status().code() == StatusCode::kLimitExceeded;
    return {built.status().code(),
            About(too_large ? "--page-size" : outputs_->page_path(), built.status().message())};
  }
  page_ = std::move(*built);
  return Status::Ok();
}

std::string Run::Summary() const {
  if (arguments_.outputs.empty()) {
    return TerminalView(info_, maps_, bidirectional_ ? &*bidirectional_ : nullptr,
                        DetectTerminal());
  }
  std::string text;
  if (arguments_.quiet) return text;
  for (const Outputs::Written& file : outputs_->written()) {
    text += OneLine(file.path) + ": " + Counted(shape_.layers.size(), "layer") + ", " +
            Counted(shape_.heads.size(), "head") + ", " + Counted(info_.tokens.size(), "token") +
            ", " + HumanBytes(static_cast<double>(file.bytes)) + "\n";
  }
  return text;
}

}  // namespace

Result<std::string> RunDump(const Arguments& arguments, const RunSurroundings& surroundings) {
  return Run(arguments, surroundings).Do();
}

}  // namespace fovea::dump
