// The command line of attention-dump, checked as far as it can be without a model or a file.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_DUMP_ARGUMENTS_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_DUMP_ARGUMENTS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/ablation/head_list.h"
#include "tools/attention-dump/command/common_arguments.h"
#include "tools/attention-dump/command/option_readers.h"
#include "tools/attention-dump/command/selection_options.h"
#include "tools/attention-dump/dump/reduction_arguments.h"
#include "tools/attention-dump/dump/stream_arguments.h"

namespace fovea::dump {

struct Arguments : CommonArguments, SelectionArguments {
  bool version = false;
  std::optional<std::size_t> generate;
  std::optional<std::string> target;     ///< Text that an encoder–decoder is led along.
  std::vector<std::int32_t> target_ids;  ///< The same as ids; empty: not given.
  bool half = true;
  bool scores = false;
  bool logits = false;
  bool embeddings = false;  ///< The output of the last layer, after its norm.
  bool hidden = false;      ///< Hidden states of every layer.
  bool trace = false;
  bool compare_mask = false;
  bool values = false;   ///< Cells are weight × length of the value behind the output projection.
  bool rollout = false;  ///< Influence through all layers in the place of heads.
  bool flow = false;
  std::vector<NamedHead> ablate;  ///< Heads whose output is taken away; empty: none.
  AblationKind ablation = AblationKind::kZero;
  std::uint64_t page_size = 0;  ///< Bytes of a page at most; 0: as the tool thinks fit.
  ReductionArguments reduction;
  StreamArguments stream;
};

/// Reads argv. An error is one line that begins with the argument it is about.
Result<Arguments> ParseArguments(int argc, const char* const* argv);

/// Nothing else was asked for: a map in the terminal.
bool ShowsTerminalView(const Arguments& arguments);

/// What --help prints.
std::string HelpText();

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_DUMP_ARGUMENTS_H_
