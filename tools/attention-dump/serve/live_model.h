// The model behind the live page: one loaded model and one session, which every run uses from its
// first position on.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_SERVE_LIVE_MODEL_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_SERVE_LIVE_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/data/dump_shape.h"
#include "tools/attention-dump/data/token_table.h"
#include "tools/attention-dump/page/recording.h"
#include "tools/attention-dump/serve/run_request.h"
#include "tools/attention-dump/serve/serve_arguments.h"

namespace fovea::dump {

class LiveModel {
 public:
  /// `isa`: the kernels to run on; nothing: the best.
  static Result<LiveModel> Open(Model model, const ServeArguments& arguments,
                                std::optional<Isa> isa);

  /// Longest text, what is generated included.
  std::size_t context_size() const { return session_.context_size(); }
  const ModelInfo& info() const { return model_.info(); }

  /// The maps of a text as RenderContainer gives them. By one thread at a time. Errors begin with
  /// the member of the request that they are about.
  Result<std::string> Run(const RunRequest& request, const std::function<bool()>& stop);

 private:
  LiveModel(Model model, Session session, ValueNorms norms, std::uint64_t kept_limit);

  Status CheckLength(std::size_t tokens, std::size_t generate) const;
  Result<DumpShape> Shape(const RunRequest& request, std::size_t tokens) const;
  Result<std::string> RunAndPack(const Prompt& prompt, const DumpShape& shape,
                                 const RecordingPlan& plan, const std::function<bool()>& stop);

  Model model_;
  Session session_;
  ValueNorms norms_;
  std::uint64_t kept_limit_;  // bytes that one run may keep besides the session
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_SERVE_LIVE_MODEL_H_
