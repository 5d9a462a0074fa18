#include "tools/attention-dump/influence/influence_run.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "fovea/status_macros.h"
#include "tools/attention-dump/base/human.h"
#include "tools/attention-dump/base/numbers_text.h"
#include "tools/attention-dump/observers/recorders.h"
#include "tools/attention-dump/observers/streaming_dump.h"
#include "tools/attention-dump/output/dump_info.h"
#include "tools/attention-dump/output/outputs.h"
#include "tools/attention-dump/output/terminal_view.h"
#include "tools/attention-dump/render/label_text.h"
#include "tools/attention-dump/run/bidirectional.h"
#include "tools/attention-dump/run/model_run.h"
#include "tools/attention-dump/run/model_session.h"
#include "tools/attention-dump/run/prompt.h"
#include "tools/common/choose_isa.h"
#include "tools/common/progress.h"

namespace fovea::dump {
namespace {

/// One maximum flow per cell: more tokens take minutes.
constexpr std::size_t kMaxFlowTokens = 128;
/// For the mean maps of all layers, when the user named no limit.
constexpr std::uint64_t kDefaultKeptBytes = std::uint64_t{2} << 30U;
constexpr std::size_t kTableRows = 10;
constexpr std::uint64_t kSidecarBytes = 4096;
constexpr std::uint64_t kSidecarBytesPerToken = 128;

class InfluenceRun {
 public:
  InfluenceRun(const Arguments& arguments, const RunEnvironment& environment)
      : arguments_(arguments), environment_(environment) {}

  Result<std::string> Do();

 private:
  const char* option() const { return arguments_.flow ? "--flow" : "--rollout"; }
  Status MakeInput();
  Status MakeShape();
  Status Measure(std::optional<Isa> isa);
  Status FollowLayers(const MeanAttentionObserver& means, StreamingDump* dump,
                      tools::Progress* progress) const;
  Result<std::vector<float>> Follow(const MeanAttentionObserver& means,
                                    const InfluenceOptions& options) const;
  std::string Table() const;
  std::string Summary() const;

  const Arguments& arguments_;
  const RunEnvironment& environment_;
  std::optional<Outputs> outputs_;
  std::optional<Model> model_;
  std::string text_;
  Prompt prompt_;
  DumpShape shape_;
  DumpInfo info_;
  KeptMaps kept_;
};

Result<std::string> InfluenceRun::Do() {
  Result<std::optional<Isa>> isa = tools::ChooseIsa(arguments_.isa, environment_.isa_variable);
  FOVEA_RETURN_IF_ERROR(isa);
  Result<Outputs> outputs = Outputs::Open(arguments_.outputs);
  FOVEA_RETURN_IF_ERROR(outputs);
  outputs_ = std::move(*outputs);
  Status status = MakeInput();
  if (status.ok()) status = MakeShape();
  if (status.ok()) {
    status =
        outputs_->Lay(shape_, kSidecarBytes + text_.size() + shape_.tokens * kSidecarBytesPerToken);
  }
  if (status.ok()) status = Measure(*isa);
  if (status.ok()) status = outputs_->Finish(info_, shape_, {.kept = &kept_});
  FOVEA_RETURN_IF_ERROR(status);
  return Summary();
}

Status InfluenceRun::MakeInput() {
  Result<std::string> text = ReadText(arguments_);
  FOVEA_RETURN_IF_ERROR(text);
  text_ = std::move(*text);
  Result<Model> model = LoadModel(arguments_);
  FOVEA_RETURN_IF_ERROR(model);
  model_ = std::move(*model);
  Result<Prompt> prompt = MakePrompt(arguments_, *model_, text_);
  FOVEA_RETURN_IF_ERROR(prompt);
  prompt_ = std::move(*prompt);
  return CheckLength(arguments_, *model_, prompt_.tokens.size(), arguments_.generate.value_or(0));
}

Status InfluenceRun::MakeShape() {
  const std::size_t generate = arguments_.generate.value_or(0);
  const std::size_t tokens = prompt_.tokens.size() + generate;
  if (arguments_.flow && tokens > kMaxFlowTokens) {
    return {StatusCode::kLimitExceeded,
            "--flow: " + std::to_string(tokens) + " tokens, the limit is " +
                std::to_string(kMaxFlowTokens) + "; --rollout takes more"};
  }
  const std::size_t count = model_->info().layers;
  std::vector<std::size_t> layers = {count - 1};
  if (!arguments_.layers.empty()) {
    Result<std::vector<std::size_t>> chosen = Select(arguments_.layers, count, "layer");
    if (!chosen) return {chosen.status().code(), "--layers: " + chosen.status().message()};
    layers = std::move(*chosen);
  }
  // One map per layer, in the place of head 0.
  shape_ = {.tokens = tokens,
            .generated = generate,
            .generates = arguments_.generate.has_value(),
            .layers = std::move(layers),
            .heads = {0},
            .model_heads = 1,
            .kv_heads = 1,
            .head_dim = model_->info().head_dim,
            .vocabulary = model_->info().vocabulary,
            .half = arguments_.half};
  return Status::Ok();
}

Status InfluenceRun::Measure(std::optional<Isa> isa) {
  const std::uint64_t limit =
      arguments_.max_memory != 0 ? arguments_.max_memory / 2 : kDefaultKeptBytes;
  Result<MeanAttentionObserver> means =
      MeanAttentionObserver::Create(model_->info(), shape_.tokens, static_cast<std::size_t>(limit));
  if (!means) return {means.status().code(), About(option(), means.status().message())};
  const std::uint64_t kept =
      std::uint64_t{4} * model_->info().layers * shape_.tokens * shape_.tokens;
  Result<Session> session =
      OpenSession(*model_, MakeSessionOptions(arguments_, *model_, isa, shape_.tokens, kept));
  FOVEA_RETURN_IF_ERROR(session);
  tools::Progress progress(!arguments_.quiet);
  const std::vector<std::int32_t> prompt = prompt_.Ids();
  const ModelRun run = {.prompt = prompt,
                        .generate = shape_.generated,
                        .tokenizer = model_->tokenizer(),
                        .observer = &*means,
                        .stop = environment_.interrupted};
  Result<std::vector<std::int32_t>> generated = RunModel(run, &*session, &progress);
  if (!generated) {
    return {generated.status().code(), About(model_->info().path, generated.status().message())};
  }
  info_ = MakeDumpInfo(*model_, *session, prompt_, *generated, shape_);
  // Influence reaches beyond a layer's window by way of the layers below.
  info_.mask = "causal";
  std::fill(info_.windows.begin(), info_.windows.end(), 0);
  info_.quantity = arguments_.flow ? "flow" : "rollout";
  const std::vector<ArrayFile*> files = outputs_->array_files();
  ArrayWriter writer(files);
  StreamingDump dump(shape_, &writer, &kept_.whole, nullptr);
  const Status status = FollowLayers(*means, &dump, &progress);
  if (writer.failed()) {
    return {writer.status().code(),
            About(outputs_->array_path(writer.failed_file()), writer.status().message())};
  }
  if (!status.ok()) return {status.code(), About(option(), status.message())};
  kept_.whole.windows = info_.windows;
  kept_.whole.by_layer = true;
  TrimMaps(info_.tokens.size(), &kept_.whole);
  return Status::Ok();
}

Status InfluenceRun::FollowLayers(const MeanAttentionObserver& means, StreamingDump* dump,
                                  tools::Progress* progress) const {
  const std::size_t tokens = means.tokens();
  for (std::size_t i = 0; i < shape_.layers.size(); ++i) {
    InfluenceOptions options;
    options.layer = shape_.layers[i];
    options.cancelled = environment_.interrupted;
    options.on_progress = [&](double done) {
      progress->Update((static_cast<double>(i) + done) / static_cast<double>(shape_.layers.size()),
                       "following the layers");
    };
    Result<std::vector<float>> map = Follow(means, options);
    FOVEA_RETURN_IF_ERROR(map);
    AttentionRows rows;
    rows.layer = shape_.layers[i];
    rows.query_count = tokens;
    rows.key_count = tokens;
    rows.weights = map->data();
    rows.stride = tokens;
    dump->OnRows(rows);
  }
  return Status::Ok();
}

/// The square map of one layer.
Result<std::vector<float>> InfluenceRun::Follow(const MeanAttentionObserver& means,
                                                const InfluenceOptions& options) const {
  if (!arguments_.flow) {
    Result<InfluenceMap> map = Rollout(means, options);
    FOVEA_RETURN_IF_ERROR(map);
    return std::move(map->weights);
  }
  const std::size_t tokens = means.tokens();
  std::vector<float> map(tokens * tokens, 0.0F);
  InfluenceOptions row_options = options;
  for (std::size_t query = 0; query < tokens; ++query) {
    // Row q takes q + 1 flows.
    const auto share = [tokens](std::size_t rows) {
      return static_cast<double>(rows * (rows + 1)) / static_cast<double>(tokens * (tokens + 1));
    };
    row_options.on_progress = [&](double done) {
      options.on_progress(share(query) + done * (share(query + 1) - share(query)));
    };
    Result<std::vector<float>> row = Flow(means, query, row_options);
    FOVEA_RETURN_IF_ERROR(row);
    std::copy_n(row->begin(), std::min(row->size(), tokens),
                map.begin() + static_cast<std::ptrdiff_t>(query * tokens));
  }
  return map;
}

/// What the last token depends on most.
std::string InfluenceRun::Table() const {
  const TerminalOptions options = DetectTerminal();
  const Alphabet alphabet = options.unicode ? Alphabet::kUnicode : Alphabet::kAscii;
  const std::size_t tokens = kept_.whole.tokens;
  const float* row = kept_.whole.Map(kept_.whole.layers.size() - 1, 0) + (tokens - 1) * tokens;
  std::vector<std::size_t> order(tokens);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return row[a] != row[b] ? row[a] > row[b] : a < b;
  });
  std::string text = "The last token, " + std::to_string(tokens - 1) + " ";
  text += info_.tokens.pieces.back() + ", depends most on (" + info_.quantity + ")\n";
  text = CutToWidth(text.substr(0, text.size() - 1), options.columns, alphabet) + "\n";
  for (std::size_t i = 0; i < std::min(kTableRows, tokens); ++i) {
    const std::string line = FixedNumber(static_cast<double>(row[order[i]]), 4) + "  " +
                             std::to_string(order[i]) + " " + info_.tokens.pieces[order[i]];
    text += CutToWidth(line, options.columns, alphabet) + "\n";
  }
  return text;
}

std::string InfluenceRun::Summary() const {
  if (arguments_.outputs.empty()) {
    return RenderTerminal(info_, kept_.whole, kept_.whole.layers.size() - 1, 0, DetectTerminal()) +
           "\n" + Table();
  }
  std::string text;
  if (arguments_.quiet) return text;
  for (const Outputs::Written& file : outputs_->written()) {
    text += OneLine(file.path) + ": " + info_.quantity + ", " +
            Counted(shape_.layers.size(), "layer") + ", " + Counted(info_.tokens.size(), "token") +
            ", " + HumanBytes(static_cast<double>(file.bytes)) + "\n";
  }
  return text;
}

}  // namespace

Result<std::string> RunInfluence(const Arguments& arguments, const RunEnvironment& environment) {
  return InfluenceRun(arguments, environment).Do();
}

}  // namespace fovea::dump
