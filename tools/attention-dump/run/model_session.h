// The first steps of every subcommand: the kernels, the model, the length of the text, the session.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_MODEL_SESSION_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_MODEL_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/command/common_arguments.h"

namespace fovea::dump {

/// Loads arguments.model, or the model that ships if that is empty. Errors name the file.
Result<Model> LoadModel(const CommonArguments& arguments);

/// The most tokens a text may have: --context, else the model's.
std::size_t ContextOf(const CommonArguments& arguments, const Model& model);

/// kLimitExceeded unless `tokens` of text and `generate` more fit the context.
Status CheckLength(const CommonArguments& arguments, const Model& model, std::size_t tokens,
                   std::size_t generate = 0);

/// Options for a session of `context_size` tokens. `kept_bytes`: memory besides the session's that
/// counts against --max-memory (the model's file counts already).
SessionOptions MakeSessionOptions(const CommonArguments& arguments, const Model& model,
                                  std::optional<Isa> isa, std::size_t context_size,
                                  std::uint64_t kept_bytes = 0);

/// A session of these options. Errors name the model's file.
Result<Session> OpenSession(const Model& model, const SessionOptions& options);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_MODEL_SESSION_H_
