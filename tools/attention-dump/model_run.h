// Runs the model over the prompt and greedily on, with the dump watching.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_MODEL_RUN_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_MODEL_RUN_H_

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/streaming_dump.h"
#include "tools/common/progress.h"

namespace fovea::dump {

struct ModelRun {
  std::span<const std::int32_t> prompt;
  std::size_t generate =
      0;  ///< At most; an end-of-generation id stops and is not part of the dump.
  const Tokenizer* tokenizer = nullptr;  ///< Null: nothing ends a generation early.
  bool logits = false;
  std::function<bool()> interrupted;  ///< Asked often; true stops with kCancelled.
};

/// Returns the generated ids. Every one of them is evaluated too, so that each has a row. After a
/// write failed the run stops early and dump->failed() is true.
Result<std::vector<std::int32_t>> RunModel(const ModelRun& run, Session* session,
                                           StreamingDump* dump, tools::Progress* progress);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_MODEL_RUN_H_
