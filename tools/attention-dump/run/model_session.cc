#include "tools/attention-dump/run/model_session.h"

#include <algorithm>
#include <cstdint>

#include "fovea/status_macros.h"
#include "tools/attention-dump/base/human.h"
#include "tools/attention-dump/run/prompt.h"
#include "tools/attention-dump/run/shipped_model.h"

namespace fovea::dump {
namespace {

constexpr std::size_t kMaxDefaultThreads = 16;

/// A limit beyond what this machine can address is none.
std::size_t Limit(std::uint64_t bytes) {
  return static_cast<std::size_t>(std::min<std::uint64_t>(bytes, SIZE_MAX));
}

}  // namespace

Result<Model> LoadModel(const CommonArguments& arguments) {
  std::string path = arguments.model;
  if (path.empty()) {
    Result<std::string> shipped = FindShippedModel();
    FOVEA_RETURN_IF_ERROR(shipped);
    path = *shipped;
  }
  LoadOptions options;
  options.max_memory = Limit(arguments.max_memory);
  options.map = arguments.low_memory;
  options.pack = arguments.fast && !arguments.low_memory;
  Result<Model> model = Model::Load(path, options);
  if (!model) return Status(model.status().code(), About(path, model.status().message()));
  return model;
}

std::size_t ContextOf(const CommonArguments& arguments, const Model& model) {
  return arguments.context != 0 ? arguments.context : model.info().context;
}

Status CheckLength(const CommonArguments& arguments, const Model& model, std::size_t tokens,
                   std::size_t generate) {
  const std::size_t limit = ContextOf(arguments, model);
  std::string context = "the context of " + std::to_string(limit) + " tokens";
  // Learned positions end where training ended; rotary ones go on.
  if (arguments.context == 0 && model.info().position != "learned") {
    context += " that the model was trained for; --context N allows more";
  }
  if (tokens > limit) {
    return {StatusCode::kLimitExceeded,
            InputName(arguments) + ": " + std::to_string(tokens) + " tokens do not fit " + context};
  }
  if (generate > limit - tokens) {
    return {StatusCode::kLimitExceeded, "--generate: " + std::to_string(tokens) +
                                            " tokens of text and " + std::to_string(generate) +
                                            " to generate do not fit " + context};
  }
  return Status::Ok();
}

SessionOptions MakeSessionOptions(const CommonArguments& arguments, const Model& model,
                                  std::optional<Isa> isa, std::size_t context_size,
                                  std::uint64_t kept_bytes) {
  SessionOptions options;
  options.context_size = context_size;
  options.kv_type = arguments.kv_type;
  options.arithmetic = arguments.fast ? Arithmetic::kFast : Arithmetic::kExact;
  options.threads =
      arguments.threads != 0 ? arguments.threads : std::min(UsefulThreads(), kMaxDefaultThreads);
  options.isa = isa;
  if (arguments.max_memory != 0) {
    const std::uint64_t used = model.info().file_bytes + kept_bytes;
    options.max_memory = Limit(
        std::max<std::uint64_t>(arguments.max_memory - std::min(arguments.max_memory, used), 1));
  }
  return options;
}

Result<Session> OpenSession(const Model& model, const SessionOptions& options) {
  Result<Session> session = Session::Create(model, options);
  if (!session) {
    return Status(session.status().code(), About(model.info().path, session.status().message()));
  }
  return session;
}

}  // namespace fovea::dump
