// What the live page asks for: a text and how to look at it, read from the JSON that a browser (or
// anything else) sent.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_SERVE_RUN_REQUEST_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_SERVE_RUN_REQUEST_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/command/number_list.h"

namespace fovea::dump {

/// The JSON object has these names; all but `text` may be left out.
struct RunRequest {
  std::string text;           ///< UTF-8, not empty.
  std::size_t generate = 0;   ///< Tokens to go on for, greedily.
  std::vector<Range> layers;  ///< A string as on the command line, "0-3,5"; empty: all.
  std::vector<Range> heads;
  std::string page;  ///< Names the browser page that asks: letters and digits, chosen by it.
};

/// Errors are one line that begins with the name they are about.
Result<RunRequest> ParseRunRequest(std::string_view json);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_SERVE_RUN_REQUEST_H_
