// The command line of attention-dump, checked as far as it can be without a model or a file.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_ARGUMENTS_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_ARGUMENTS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/number_list.h"
#include "tools/attention-dump/output_kind.h"

namespace fovea::dump {

struct OutputPath {
  std::string path;
  OutputKind kind = OutputKind::kNpz;
};

struct Arguments {
  enum class Input { kSample, kText, kFile, kStandardInput, kTokens };

  bool help = false;
  bool version = false;
  std::string model;  ///< Empty: the model that ships.
  Input input = Input::kSample;
  std::string text;               ///< kText
  std::string file;               ///< kFile
  std::vector<std::int32_t> ids;  ///< kTokens
  std::vector<OutputPath> outputs;
  std::vector<Range> layers;  ///< Empty: all.
  std::vector<Range> heads;
  std::optional<std::size_t> generate;
  bool half = true;
  bool fast = false;  ///< Activations rounded to 8 bits where weights are quantized.
  bool scores = false;
  bool logits = false;
  bool trace = false;
  std::size_t threads = 0;  ///< 0: as many as the machine has.
  std::size_t context = 0;  ///< 0: the model's.
  DataType kv_type = DataType::kF32;
  std::string isa;               ///< Empty: the best.
  std::uint64_t max_memory = 0;  ///< 0: no limit.
  bool quiet = false;
  bool compare_mask = false;
};

/// Reads argv. An error is one line that begins with the argument it is about.
Result<Arguments> ParseArguments(int argc, const char* const* argv);

/// What --help prints.
std::string HelpText();

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_ARGUMENTS_H_
