// Pieces of the steps of run/job.h: the model, the length of the text, the session, and the layers
// and heads that were chosen.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_RUN_MODEL_SESSION_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_RUN_MODEL_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/command/common_arguments.h"
#include "tools/attention-dump/command/number_list.h"

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

/// Bytes that may be kept in memory besides the model and the `used` bytes: what --max-memory
/// leaves, or kDefaultKeptBytes.
inline constexpr std::uint64_t kDefaultKeptBytes = std::uint64_t{2} << 30U;
std::uint64_t KeptLimit(const CommonArguments& arguments, const ModelInfo& model,
                        std::uint64_t used = 0);

/// A session of these options. Errors name the model's file.
Result<Session> OpenSession(const Model& model, const SessionOptions& options);

/// Original numbers of layers and heads, ascending.
struct ChosenHeads {
  std::vector<std::size_t> layers, heads;
};

/// Of --layers and --heads; empty lists choose all. `prefix`: of the names in errors.
Result<ChosenHeads> ChooseHeads(const std::vector<Range>& layers, const std::vector<Range>& heads,
                                const ModelInfo& model, const std::string& prefix = "--");

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_RUN_MODEL_SESSION_H_
