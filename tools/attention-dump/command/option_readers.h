// Options as typed on the command line turned into values: what the command lines of all
// subcommands share. Every error is one line that begins with the option it is about.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_COMMAND_OPTION_READERS_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_COMMAND_OPTION_READERS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/command/number_list.h"
#include "tools/attention-dump/output/output_format.h"
#include "tools/common/option_values.h"

namespace CLI {
class App;
}

namespace fovea::dump {

using tools::ReadBytes;
using tools::ReadCount;
using tools::Usage;

/// The same for two spellings of one file, whether it exists or not.
std::string ComparablePath(const std::string& path);

/// Runs `app` over argv; CLI11's exceptions end here. The app must allow extras.
Status ParseOptions(int argc, const char* const* argv, CLI::App* app);

/// In all of these an empty `given` (the option is not there) leaves the value as it is.
Status ReadRanges(const char* option, const std::optional<std::string>& given,
                  std::vector<Range>* ranges);

/// --ablation zero|mean
Status ReadAblationKind(const std::optional<std::string>& given, AblationKind* kind);

/// The paths of -o. `text_file` is the file that the text is read from, empty for none: no output
/// may overwrite it.
Status ReadOutputs(const std::vector<std::string>& given, const std::string& text_file,
                   std::vector<OutputPath>* outputs);

/// Refuses outputs that are no formats of tables. `what`: "a comparison".
Status CheckTableOutputs(const std::vector<OutputPath>& outputs, const std::string& what);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_COMMAND_OPTION_READERS_H_
