// The command line of `attention-dump heads`.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_HEADS_HEADS_ARGUMENTS_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_HEADS_HEADS_ARGUMENTS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/command/common_arguments.h"
#include "tools/attention-dump/command/selection_options.h"

namespace fovea::dump {

struct HeadsArguments : CommonArguments, SelectionArguments {
  bool ablate_all = false;  ///< Measure what the model loses without each head.
  AblationKind ablation = AblationKind::kZero;
  bool probe = false;              ///< A random sequence, repeated once, instead of a text.
  std::size_t probe_length = 0;    ///< Of the part that is repeated; 0: kProbeLength or less.
  std::string sort;                ///< Name of a column; empty: not given.
  std::optional<std::size_t> top;  ///< Rows to show.
};

/// Reads argv. An error is one line that begins with the argument it is about.
Result<HeadsArguments> ParseHeadsArguments(int argc, const char* const* argv);

/// What `attention-dump heads --help` prints.
std::string HeadsHelpText();

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_HEADS_HEADS_ARGUMENTS_H_
