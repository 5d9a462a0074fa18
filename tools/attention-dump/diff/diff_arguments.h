// The command line of `attention-dump diff`.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_DIFF_DIFF_ARGUMENTS_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_DIFF_DIFF_ARGUMENTS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/command/common_arguments.h"
#include "tools/attention-dump/command/selection_options.h"

namespace fovea::dump {

struct DiffArguments : CommonArguments, SelectionArguments {
  std::string second_model;              ///< Empty: two texts on one model.
  std::optional<TextArguments> against;  ///< The second text; nothing: two models on one text.
  std::optional<std::size_t> top;        ///< Rows to show.
  std::optional<double> fail_above;      ///< Of the largest mean divergence of a head, nats.
};

/// Reads argv. An error is one line that begins with the argument it is about.
Result<DiffArguments> ParseDiffArguments(int argc, const char* const* argv);

/// What `attention-dump diff --help` prints.
std::string DiffHelpText();

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_DIFF_DIFF_ARGUMENTS_H_
