// What the command line of every subcommand with a model and a text has: the model, the text, and
// how to run. A subcommand adds these options to its own.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_COMMAND_COMMON_ARGUMENTS_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_COMMAND_COMMON_ARGUMENTS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/command/option_readers.h"
#include "tools/common/session_arguments.h"

namespace fovea::dump {

/// Where the text comes from.
struct TextArguments {
  enum class Input { kSample, kText, kFile, kStandardInput, kTokens };

  Input input = Input::kSample;
  std::string text;               ///< kText
  std::string file;               ///< kFile
  std::vector<std::int32_t> ids;  ///< kTokens
  std::string prefix = "--";      ///< Of the options it was given with: "--text", "--against-text".
};

/// The default of this tool is exact: f32 activations, keys and values. Without --context the
/// model's own context is the limit.
struct CommonArguments : TextArguments, tools::SessionArguments {
  CommonArguments() {
    kv_type = DataType::kF32;
    arithmetic = Arithmetic::kExact;
  }

  bool help = false;
  bool quiet = false;
  std::string model;  ///< Empty: the model that ships.
};

/// The options as typed. Use: AddTo the app, ParseOptions, then Read. Must outlive the parsing.
class CommonOptions {
 public:
  /// MODEL and -, --text, --file, --tokens, -q, -h, and the session's options.
  void AddTo(CLI::App* app);

  /// -h was given: the rest need not be read.
  bool help() const { return help_; }
  /// `second_model`: where a second MODEL goes; null refuses one.
  Status Read(CommonArguments* arguments, std::string* second_model = nullptr) const;

 private:
  Status ReadPositionals(CommonArguments* arguments, std::string* second_model,
                         bool* standard_input) const;
  Status ReadText(bool standard_input, TextArguments* arguments) const;

  std::vector<std::string> positionals_;
  std::optional<std::string> text_, file_, tokens_;
  bool quiet_ = false, help_ = false;
  tools::SessionOptionTexts session_;
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_COMMAND_COMMON_ARGUMENTS_H_
