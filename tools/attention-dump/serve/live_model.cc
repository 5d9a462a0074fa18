#include "tools/attention-dump/serve/live_model.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "fovea/status_macros.h"
#include "tools/attention-dump/base/human.h"
#include "tools/attention-dump/data/dump_info.h"
#include "tools/attention-dump/data/dump_shape.h"
#include "tools/attention-dump/observers/observer_group.h"
#include "tools/attention-dump/observers/row_sum_check.h"
#include "tools/attention-dump/page/build_page.h"
#include "tools/attention-dump/page/page_recorder.h"
#include "tools/attention-dump/run/model_run.h"
#include "tools/attention-dump/run/model_session.h"
#include "tools/attention-dump/run/prompt.h"
#include "tools/common/progress.h"

namespace fovea::dump {
namespace {

/// A page that crosses no network may be larger than a file should be: exact weights, which cost
/// little to pack, up to 630 tokens of 270 heads.
constexpr std::uint64_t kLivePageBytes = 128'000'000;

std::size_t LongestText(const ServeArguments& arguments, const Model& model) {
  if (arguments.context != 0) return arguments.context;
  return std::min(model.info().context, kDefaultLiveTokens);
}

}  // namespace

LiveModel::LiveModel(Model model, Session session, ValueNorms norms, std::uint64_t kept_limit)
    : model_(std::move(model)),
      session_(std::move(session)),
      norms_(std::move(norms)),
      kept_limit_(kept_limit) {}

Result<LiveModel> LiveModel::Open(Model model, const ServeArguments& arguments,
                                  std::optional<Isa> isa) {
  if (model.tokenizer() == nullptr) {
    const Status& reason = model.tokenizer_status();
    return Status(
        StatusCode::kUnsupported,
        About(model.info().path, (reason.ok() ? "it has no tokenizer" : reason.message()) +
                                     std::string("; serve needs one for what is typed")));
  }
  Result<Session> session =
      OpenSession(model, MakeSessionOptions(arguments, model, isa, LongestText(arguments, model)));
  FOVEA_RETURN_IF_ERROR(session);
  Result<ValueNorms> norms = ValueNorms::Create(model, {}, isa);
  if (!norms) return About(model.info().path, norms.status());
  const std::uint64_t kept_limit = KeptLimit(arguments, model.info(), session->memory().total());
  return LiveModel(std::move(model), std::move(*session), std::move(*norms), kept_limit);
}

Status LiveModel::CheckLength(std::size_t tokens, std::size_t generate) const {
  const std::size_t most = context_size();
  const std::string limit =
      "this page takes " + Counted(most, "token") +
      (most != model_.info().context ? " (see serve --context)" : ", the model's context");
  if (tokens > most) {
    return {StatusCode::kLimitExceeded, "text: " + Counted(tokens, "token") + "; " + limit};
  }
  if (generate > most - tokens) {
    return {StatusCode::kLimitExceeded, "generate: " + Counted(tokens, "token") + " of text and " +
                                            std::to_string(generate) + " to generate; " + limit};
  }
  return Status::Ok();
}

Result<DumpShape> LiveModel::Shape(const RunRequest& request, std::size_t tokens) const {
  Result<ChosenHeads> chosen =
      ChooseHeads(request.layers, request.heads, model_.info(), /*prefix=*/"");
  FOVEA_RETURN_IF_ERROR(chosen);
  DumpShape shape = MapShape(model_.info(), tokens + request.generate, std::move(chosen->layers),
                             std::move(chosen->heads));
  shape.generated = request.generate;
  shape.generates = request.generate > 0;
  return shape;
}

Result<std::string> LiveModel::Run(const RunRequest& request, const std::function<bool()>& stop) {
  TextArguments text;
  text.input = TextArguments::Input::kText;
  text.prefix = "";  // Errors are about the request's member.
  const Result<Prompt> prompt = MakePrompt(text, model_, request.text);
  FOVEA_RETURN_IF_ERROR(prompt);
  FOVEA_RETURN_IF_ERROR(CheckLength(prompt->tokens.size(), request.generate));
  const Result<DumpShape> shape = Shape(request, prompt->tokens.size());
  FOVEA_RETURN_IF_ERROR(shape);
  const RecordingPlan plan = PlanRecording(*shape, model_.info(), kLivePageBytes,
                                           /*texts=*/1, /*also_without_mask=*/false);
  const auto limit = static_cast<double>(kept_limit_);
  if (plan.Bytes() > limit) {
    return Status(StatusCode::kLimitExceeded, "text: its maps need " + HumanBytes(plan.Bytes()) +
                                                  ", the limit is " + HumanBytes(limit) +
                                                  "; choose layers and heads");
  }
  return RunAndPack(*prompt, *shape, plan, stop);
}

Result<std::string> LiveModel::RunAndPack(const Prompt& prompt, const DumpShape& shape,
                                          const RecordingPlan& plan,
                                          const std::function<bool()>& stop) {
  const std::vector<std::int32_t> ids = prompt.Ids();
  PageRecorder recorder(plan, ids, session_.kernels(), &norms_);
  RowSumCheck row_sums({.layers = shape.layers, .heads = shape.heads});
  ObserverGroup observers;
  observers.Add(&recorder);
  observers.Add(&row_sums);
  ModelRun run = {.prompt = ids,
                  .generate = shape.generated,
                  .tokenizer = model_.tokenizer(),
                  .observer = &observers,
                  .stop = [&] { return recorder.failed() || stop(); }};
  if (model_.info().has_decoder()) {
    run.on_logits = [&](std::size_t position, std::span<const float> logits) {
      recorder.OnLogits(position, logits);
    };
  }
  FOVEA_RETURN_IF_ERROR(session_.Truncate(0));
  tools::Progress silent(false);
  const Result<std::vector<std::int32_t>> generated = RunModel(run, &session_, &silent);
  if (recorder.failed()) return Status(StatusCode::kOutOfMemory, "not enough memory for the maps");
  FOVEA_RETURN_IF_ERROR(generated);
  DumpInfo info = MakeDumpInfo(model_, session_, prompt, *generated, shape);
  info.row_sum_error = row_sums.error();
  const Recording recording = recorder.Take();
  const PageText text = {.info = &info, .recording = &recording, .tokenizer = model_.tokenizer()};
  const Result<BuiltPage> page =
      BuildPage({&text, 1}, nullptr,
                {.bytes = kLivePageBytes, .threads = session_.threads(), .cancelled = stop});
  if (!page && page.status().code() == StatusCode::kLimitExceeded) {
    return Status(StatusCode::kLimitExceeded,
                  "text: the maps of " + Counted(info.tokens.size(), "token") + " and " +
                      Counted(shape.layers.size() * shape.heads.size(), "head") +
                      " are too many for a live page; choose layers and heads");
  }
  FOVEA_RETURN_IF_ERROR(page);
  return RenderContainer(page->document);
}

}  // namespace fovea::dump
