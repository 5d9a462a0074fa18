// A page for subcommands that run a model once or twice: how the runs are recorded, within which
// memory, and the page made of them.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_RUN_RECORDED_PAGE_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_RUN_RECORDED_PAGE_H_

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/command/common_arguments.h"
#include "tools/attention-dump/data/dump_shape.h"
#include "tools/attention-dump/page/build_page.h"
#include "tools/attention-dump/page/recording.h"
#include "tools/common/progress.h"

namespace fovea::dump {

/// Whether a page is among the outputs.
bool WantsPage(const std::vector<OutputPath>& outputs);

/// How one of `texts` texts is recorded. kLimitExceeded if --max-memory (or 2 GiB) is too little
/// for all of them.
Result<RecordingPlan> PlanPage(const CommonArguments& arguments, const DumpShape& shape,
                               const ModelInfo& model, std::size_t texts);

/// The page as bytes. `pair` may be null for one text.
Result<std::string> MakePage(std::span<const PageText> texts, const PagePair* pair,
                             std::size_t threads, const std::function<bool()>& cancelled,
                             tools::Progress* progress);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_RUN_RECORDED_PAGE_H_
