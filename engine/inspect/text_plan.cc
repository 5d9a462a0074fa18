#include "engine/inspect/text_plan.h"

#include <string>

#include "engine/model/run_checks.h"
#include "fovea/status_macros.h"

namespace fovea::inspect {

Result<TextPlan> PlanText(const model::Hyperparameters& hp, std::span<const std::int32_t> tokens,
                          std::size_t least, const SessionOptions& options) {
  if (tokens.size() < least) {
    return Status(StatusCode::kInvalidArgument,
                  std::to_string(tokens.size()) + " tokens are too few: at least " +
                      std::to_string(least) + (least == 1 ? " is needed" : " are needed"));
  }
  if (hp.info.kind == ModelKind::kEncoderDecoder) {
    return Status(StatusCode::kUnsupported,
                  hp.info.path + ": heads of encoder–decoders cannot be measured");
  }
  FOVEA_RETURN_IF_ERROR(model::CheckIds(hp.info, tokens));
  TextPlan text;
  text.context = options.context_size == 0 ? hp.info.context : options.context_size;
  if (tokens.size() > text.context) {
    return Status(StatusCode::kLimitExceeded, std::to_string(tokens.size()) +
                                                  " tokens do not fit a context of " +
                                                  std::to_string(text.context));
  }
  SessionOptions sized = options;
  sized.context_size = tokens.size();
  sized.max_memory = 0;
  // In an encoder all tokens attend to each other, so they run at once.
  if (hp.info.kind == ModelKind::kEncoder) sized.prefill_batch = tokens.size();
  auto session = model::PlanSession(hp, sized);
  FOVEA_RETURN_IF_ERROR(session);
  text.session = *session;
  return text;
}

Status CheckMemory(platform::CheckedSize bytes, std::size_t tokens, const SessionOptions& options) {
  if (bytes.ok() && (options.max_memory == 0 || bytes.value() <= options.max_memory)) {
    return Status::Ok();
  }
  return {StatusCode::kLimitExceeded, "measuring the heads over " + std::to_string(tokens) +
                                          " tokens needs " + std::to_string(bytes.value()) +
                                          " bytes of memory, the limit is " +
                                          std::to_string(options.max_memory)};
}

}  // namespace fovea::inspect
