// From the command line to the ids that are run: reads the text and tokenizes it.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_RUN_PROMPT_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_RUN_PROMPT_H_

#include <string>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/command/common_arguments.h"
#include "tools/attention-dump/data/token_table.h"

namespace fovea::dump {

/// What errors about the text call it: "--text", the file's name, "standard input" or "--tokens".
std::string InputName(const TextArguments& arguments);

/// The text of --text, --file, standard input or the sample; empty for --tokens. Refuses an empty
/// text and one that is larger than any context could take.
Result<std::string> ReadText(const TextArguments& arguments);

/// The tokens of `text` (or of --tokens), checked against the vocabulary.
Result<Prompt> MakePrompt(const TextArguments& arguments, const Model& model,
                          const std::string& text);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_RUN_PROMPT_H_
