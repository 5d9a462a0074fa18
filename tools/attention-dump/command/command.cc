#include "tools/attention-dump/command/command.h"

namespace fovea::dump {

CommandOutcome UsageFailure(const Status& status, const std::string& help) {
  return {.exit_code = kExitUsage, .output = {}, .error = status.message() + " (see " + help + ")"};
}

CommandOutcome ToOutcome(const Result<std::string>& text) {
  if (text.ok()) return {.exit_code = 0, .output = *text, .error = {}};
  return {.exit_code = kExitFailure, .output = {}, .error = text.status().message()};
}

}  // namespace fovea::dump
