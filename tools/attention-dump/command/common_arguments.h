// What every subcommand with a model and a text is told on its command line: the model, the text,
// and how to run. A subcommand adds these options to its own and reads its own besides.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_COMMON_ARGUMENTS_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_COMMON_ARGUMENTS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/command/option_readers.h"

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

struct CommonArguments : TextArguments {
  bool help = false;
  bool quiet = false;
  std::string model;        ///< Empty: the model that ships.
  bool fast = false;        ///< Activations rounded to 8 bits where weights are quantized.
  bool low_memory = false;  ///< Map the file, keep its layout.
  std::size_t threads = 0;  ///< 0: as many as the machine has.
  std::size_t context = 0;  ///< 0: the model's.
  DataType kv_type = DataType::kF32;
  std::string isa;               ///< Empty: the best.
  std::uint64_t max_memory = 0;  ///< 0: no limit.
};

/// The options as typed. Use: AddTo the app, ParseOptions, then Read. Must outlive the parsing.
class CommonOptions {
 public:
  /// MODEL and -, --text, --file, --tokens, --threads, --context, --kv, --fast,
  /// --low-memory, --isa, --max-memory, -q, -h.
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
  std::optional<std::string> text_, file_, tokens_, threads_, context_, kv_, isa_, max_memory_;
  bool fast_ = false, low_memory_ = false, quiet_ = false, help_ = false;
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_COMMON_ARGUMENTS_H_
