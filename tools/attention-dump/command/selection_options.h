// What the subcommands that look at layers and heads share on their command lines: the outputs, and
// which layers and heads.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_COMMAND_SELECTION_OPTIONS_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_COMMAND_SELECTION_OPTIONS_H_

#include <optional>
#include <string>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/command/number_list.h"
#include "tools/attention-dump/output/output_format.h"

namespace CLI {
class App;
}

namespace fovea::dump {

struct SelectionArguments {
  std::vector<OutputPath> outputs;
  std::vector<Range> layers;  ///< Empty: all.
  std::vector<Range> heads;   ///< Empty: all.
};

/// The options as typed. Use: AddTo the app, ParseOptions, then Read. Must outlive the parsing.
class SelectionOptions {
 public:
  /// -o, --layers and --heads.
  void AddTo(CLI::App* app);
  /// `text_file`: the file that the text is read from, empty for none; no output may overwrite it.
  Status Read(const std::string& text_file, SelectionArguments* arguments) const;

 private:
  std::vector<std::string> outputs_;
  std::optional<std::string> layers_, heads_;
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_COMMAND_SELECTION_OPTIONS_H_
