#include "tools/attention-dump/run/model_run.h"
#include "fovea/status_macros.h"

namespace fovea::dump {

Status RunText(std::span<const std::int32_t> tokens, const RunOptions& options, Session* session) {
  if (session->info().has_encoder()) return session->Encode(tokens, options).status();
  return session->Prefill(tokens, options).status();
}

Result<std::vector<std::int32_t>> RunModel(const ModelRun& run, Session* session,
                                           tools::Progress* progress) {
  const auto total = static_cast<double>(run.prompt.size() + run.generate);
  RunOptions options;
  options.observer = run.observer;
  options.ablations = run.ablations;
  options.cancelled = run.stop;
  options.on_logits = run.on_logits;
  options.on_output = run.on_output;
  options.on_hidden = run.on_hidden;
  options.on_progress = [&](double done) {
    progress->Update(done * static_cast<double>(run.prompt.size()) / total, "running the text");
  };
  std::vector<std::int32_t> generated;
  if (session->info().kind == ModelKind::kEncoder) {
    FOVEA_RETURN_IF_ERROR(RunText(run.prompt, options, session));
    return generated;
  }
  Result<std::span<const float>> logits = session->Prefill(run.prompt, options);
  options.on_progress = {};
  const auto tell = [&](std::int32_t token) {
    if (logits.ok() && run.on_token) run.on_token(session->position() - 1, token, *logits);
  };
  tell(run.prompt.back());
  while (logits.ok() && generated.size() < run.generate) {
    const std::int32_t next = ArgMax(*logits);
    if (run.tokenizer != nullptr && run.tokenizer->IsEndOfGeneration(next)) break;
    generated.push_back(next);
    logits = session->Decode(next, options);
    tell(next);
    progress->Update(static_cast<double>(run.prompt.size() + generated.size()) / total,
                     "generating");
  }
  FOVEA_RETURN_IF_ERROR(logits);
  return generated;
}

}  // namespace fovea::dump
