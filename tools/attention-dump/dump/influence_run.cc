#include "tools/attention-dump/dump/influence_run.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "fovea/status_macros.h"
#include "tools/attention-dump/base/human.h"
#include "tools/attention-dump/base/numbers_text.h"
#include "tools/attention-dump/data/dump_info.h"
#include "tools/attention-dump/observers/recorders.h"
#include "tools/attention-dump/observers/streaming_dump.h"
#include "tools/attention-dump/output/outputs.h"
#include "tools/attention-dump/output/terminal_view.h"
#include "tools/attention-dump/render/label_text.h"
#include "tools/attention-dump/run/job.h"
#include "tools/attention-dump/run/model_run.h"
#include "tools/attention-dump/run/model_session.h"
#include "tools/common/progress.h"

namespace fovea::dump {
namespace {

/// One maximum flow per cell: more tokens take minutes.
constexpr std::size_t kMaxFlowTokens = 128;
constexpr std::size_t kTableRows = 10;

class InfluenceJob final : public Job {
 public:
  InfluenceJob(const Arguments& arguments, const RunEnvironment& environment)
      : Job(arguments, environment), arguments_(arguments) {}

 protected:
  Status OpenOutputs() override;
  Status CheckKind() override { return RequireDecoder(option()); }
  Status Plan() override;
  Status OpenSessions() override;
  Status RunModels() override;
  Status Finish() override { return outputs_->Finish(info_, shape_, {.kept = &kept_}); }
  std::string Summary() override;
  std::size_t Generated() const override { return arguments_.generate.value_or(0); }

 private:
  const char* option() const { return arguments_.flow ? "--flow" : "--rollout"; }
  Status FollowLayers(StreamingDump* dump, tools::Progress* progress) const;
  Result<std::vector<float>> Follow(const InfluenceOptions& options) const;
  std::string Table() const;

  const Arguments& arguments_;
  std::optional<Outputs> outputs_;
  DumpShape shape_;
  std::optional<MeanAttentionObserver> means_;
  std::optional<Session> session_;
  DumpInfo info_;
  KeptMaps kept_;
};

Status InfluenceJob::OpenOutputs() {
  Result<Outputs> outputs = Outputs::Open(arguments_.outputs);
  FOVEA_RETURN_IF_ERROR(outputs);
  outputs_ = std::move(*outputs);
  return Status::Ok();
}

Status InfluenceJob::Plan() {
  const std::size_t tokens = prompt_.tokens.size() + Generated();
  if (arguments_.flow && tokens > kMaxFlowTokens) {
    return {StatusCode::kLimitExceeded,
            "--flow: " + std::to_string(tokens) + " tokens, the limit is " +
                std::to_string(kMaxFlowTokens) + "; --rollout takes more"};
  }
  const std::size_t count = model_->info().layers;
  std::vector<std::size_t> layers = {count - 1};
  if (!arguments_.layers.empty()) {
    Result<std::vector<std::size_t>> chosen = Select(arguments_.layers, count, "layer");
    if (!chosen) return About("--layers", chosen.status());
    layers = std::move(*chosen);
  }
  // One map per layer, in the place of head 0.
  shape_ = MapShape(model_->info(), tokens, std::move(layers), {0});
  shape_.generated = Generated();
  shape_.generates = arguments_.generate.has_value();
  shape_.model_heads = shape_.kv_heads = 1;
  shape_.half = arguments_.half;
  return outputs_->Preallocate(shape_, text_.size());
}

Status InfluenceJob::OpenSessions() {
  const std::uint64_t limit =
      arguments_.max_memory != 0 ? arguments_.max_memory / 2 : kDefaultKeptBytes;
  Result<MeanAttentionObserver> means =
      MeanAttentionObserver::Create(model_->info(), shape_.tokens, static_cast<std::size_t>(limit));
  if (!means) return About(option(), means.status());
  means_.emplace(std::move(*means));
  const std::uint64_t kept =
      std::uint64_t{4} * model_->info().layers * shape_.tokens * shape_.tokens;
  Result<Session> session = OpenSession(*model_, OptionsFor(shape_.tokens, kept));
  FOVEA_RETURN_IF_ERROR(session);
  session_ = std::move(*session);
  return Status::Ok();
}

Status InfluenceJob::RunModels() {
  tools::Progress progress(!arguments_.quiet);
  const std::vector<std::int32_t> prompt = prompt_.Ids();
  const ModelRun run = {.prompt = prompt,
                        .generate = shape_.generated,
                        .tokenizer = model_->tokenizer(),
                        .observer = &*means_,
                        .stop = environment_.interrupted};
  Result<std::vector<std::int32_t>> generated = RunModel(run, &*session_, &progress);
  if (!generated) return AboutModel(generated.status());
  info_ = MakeDumpInfo(*model_, *session_, prompt_, *generated, shape_);
  // Influence reaches beyond a layer's window by way of the layers below.
  info_.mask = "causal";
  std::fill(info_.windows.begin(), info_.windows.end(), 0);
  info_.quantity = arguments_.flow ? Quantity::kFlow : Quantity::kRollout;
  const std::vector<ArrayFile*> files = outputs_->array_files();
  ArrayWriter writer(files);
  StreamingDump dump(shape_, &writer, &kept_.whole, nullptr);
  const Status status = FollowLayers(&dump, &progress);
  if (writer.failed()) return About(outputs_->array_path(writer.failed_file()), writer.status());
  if (!status.ok()) return About(option(), status);
  kept_.whole.windows = info_.windows;
  kept_.whole.by_layer = true;
  TrimMaps(info_.tokens.size(), &kept_.whole);
  return Status::Ok();
}

Status InfluenceJob::FollowLayers(StreamingDump* dump, tools::Progress* progress) const {
  const std::size_t tokens = means_->tokens();
  for (std::size_t i = 0; i < shape_.layers.size(); ++i) {
    InfluenceOptions options;
    options.layer = shape_.layers[i];
    options.cancelled = environment_.interrupted;
    options.on_progress = [&](double done) {
      progress->Update((static_cast<double>(i) + done) / static_cast<double>(shape_.layers.size()),
                       "following the layers");
    };
    Result<std::vector<float>> map = Follow(options);
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
Result<std::vector<float>> InfluenceJob::Follow(const InfluenceOptions& options) const {
  if (!arguments_.flow) {
    Result<InfluenceMap> map = Rollout(*means_, options);
    FOVEA_RETURN_IF_ERROR(map);
    return std::move(map->weights);
  }
  const std::size_t tokens = means_->tokens();
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
    Result<std::vector<float>> row = Flow(*means_, query, row_options);
    FOVEA_RETURN_IF_ERROR(row);
    std::copy_n(row->begin(), std::min(row->size(), tokens),
                map.begin() + static_cast<std::ptrdiff_t>(query * tokens));
  }
  return map;
}

/// What the last token depends on most.
std::string InfluenceJob::Table() const {
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
  text += info_.tokens.pieces.back() + ", depends most on (" + QuantityName(info_.quantity) + ")\n";
  text = CutToWidth(text.substr(0, text.size() - 1), options.columns, alphabet) + "\n";
  for (std::size_t i = 0; i < std::min(kTableRows, tokens); ++i) {
    const std::string line = FixedNumber(static_cast<double>(row[order[i]]), 4) + "  " +
                             std::to_string(order[i]) + " " + info_.tokens.pieces[order[i]];
    text += CutToWidth(line, options.columns, alphabet) + "\n";
  }
  return text;
}

std::string InfluenceJob::Summary() {
  if (arguments_.outputs.empty()) {
    return RenderTerminal(info_, kept_.whole, kept_.whole.layers.size() - 1, 0, DetectTerminal()) +
           "\n" + Table();
  }
  std::string text;
  if (arguments_.quiet) return text;
  for (const Outputs::Written& file : outputs_->written()) {
    text += OneLine(file.path) + ": " + QuantityName(info_.quantity) + ", " +
            Counted(shape_.layers.size(), "layer") + ", " + Counted(info_.tokens.size(), "token") +
            ", " + HumanBytes(static_cast<double>(file.bytes)) + "\n";
  }
  return text;
}

}  // namespace

Result<std::string> RunInfluence(const Arguments& arguments, const RunEnvironment& environment) {
  return InfluenceJob(arguments, environment).Do();
}

}  // namespace fovea::dump
