#include "tools/attention-dump/run/model_session.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "fovea/status_macros.h"
#include "tools/attention-dump/base/human.h"
#include "tools/attention-dump/run/prompt.h"
#include "tools/attention-dump/run/shipped_model.h"

namespace fovea::dump {

Result<Model> LoadModel(const CommonArguments& arguments) {
  std::string path = arguments.model;
  if (path.empty()) {
    Result<std::string> shipped = FindShippedModel();
    FOVEA_RETURN_IF_ERROR(shipped);
    path = *shipped;
  }
  Result<Model> model = Model::Load(path, tools::ToLoadOptions(arguments));
  if (!model) return About(path, model.status());
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
  if (arguments.context == 0 && model.info().position != PositionKind::kLearned) {
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
  tools::SessionArguments session = arguments;
  session.context = context_size;
  if (session.max_memory != 0) {
    const std::uint64_t used = model.info().file_bytes + kept_bytes;
    session.max_memory =
        std::max<std::uint64_t>(session.max_memory - std::min(session.max_memory, used), 1);
  }
  return tools::MakeSessionOptions(session, isa);
}

std::uint64_t KeptLimit(const CommonArguments& arguments, const ModelInfo& model,
                        std::uint64_t used) {
  if (arguments.max_memory == 0) return kDefaultKeptBytes;
  return arguments.max_memory - std::min(arguments.max_memory, model.file_bytes + used);
}

Result<Session> OpenSession(const Model& model, const SessionOptions& options) {
  Result<Session> session = Session::Create(model, options);
  if (!session) return About(model.info().path, session.status());
  return session;
}

Result<ChosenHeads> ChooseHeads(const std::vector<Range>& layers, const std::vector<Range>& heads,
                                const ModelInfo& model, const std::string& prefix) {
  Result<std::vector<std::size_t>> chosen_layers = Select(layers, model.layers, "layer");
  if (!chosen_layers) return About(prefix + "layers", chosen_layers.status());
  Result<std::vector<std::size_t>> chosen_heads = Select(heads, model.heads, "head");
  if (!chosen_heads) return About(prefix + "heads", chosen_heads.status());
  return ChosenHeads{.layers = std::move(*chosen_layers), .heads = std::move(*chosen_heads)};
}

}  // namespace fovea::dump
