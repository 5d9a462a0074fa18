#include "tools/attention-dump/diff/diff_arguments.h"
#include "fovea/status_macros.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <limits>

namespace fovea::dump {
namespace {

/// Options as typed; an empty optional was not given.
struct Raw {
  CommonOptions common;
  SelectionOptions selection;
  std::optional<std::string> against_text, against_file, against_tokens, top, fail_above;
};

Status Split(int argc, const char* const* argv, Raw* raw) {
  CLI::App app;
  raw->common.AddTo(&app);
  raw->selection.AddTo(&app);
  app.add_option("--against-text", raw->against_text);
  app.add_option("--against-file", raw->against_file);
  app.add_option("--against-tokens", raw->against_tokens);
  app.add_option("--top", raw->top);
  app.add_option("--fail-above", raw->fail_above);
  return ParseOptions(argc, argv, &app);
}

Status ReadAgainst(const Raw& raw, DiffArguments* arguments) {
  const int given =
      (raw.against_text ? 1 : 0) + (raw.against_file ? 1 : 0) + (raw.against_tokens ? 1 : 0);
  if (given == 0) return Status::Ok();
  if (given > 1) {
    return Usage("--against-text, --against-file and --against-tokens: give only one of them");
  }
  TextArguments against;
  against.prefix = "--against-";
  if (raw.against_text) {
    against.input = TextArguments::Input::kText;
    against.text = *raw.against_text;
  } else if (raw.against_file) {
    against.input = TextArguments::Input::kFile;
    against.file = *raw.against_file;
  } else {
    const auto ids = ParseIds(*raw.against_tokens);
    if (!ids) {
      return Usage("--against-tokens: '" + *raw.against_tokens +
                   "' is not a list of ids like 1,2,3");
    }
    against.input = TextArguments::Input::kTokens;
    against.ids = *ids;
  }
  arguments->against = against;
  return Status::Ok();
}

Status ReadFailAbove(const std::optional<std::string>& given, std::optional<double>* limit) {
  if (!given) return Status::Ok();
  double value = 0.0;
  const char* const end = given->data() + given->size();
  const auto read = std::from_chars(given->data(), end, value);
  if (read.ec != std::errc() || read.ptr != end || !std::isfinite(value) || value < 0.0) {
    return Usage("--fail-above: '" + *given + "' is not a number of nats like 0.01");
  }
  *limit = value;
  return Status::Ok();
}

Status CheckCombinations(const DiffArguments& arguments) {
  if (!arguments.second_model.empty() && arguments.against) {
    return Usage("--against-...: two models are compared on one text, two texts on one model");
  }
  if (arguments.second_model.empty() && !arguments.against) {
    return Usage("diff: give two models, or one model and --against-text or --against-file");
  }
  if (arguments.against && arguments.input == TextArguments::Input::kSample) {
    return Usage("--against-...: give the first text too, with --text, --file, --tokens or -");
  }
  return CheckTableOutputs(arguments.outputs, "a comparison");
}

}  // namespace

Result<DiffArguments> ParseDiffArguments(int argc, const char* const* argv) {
  constexpr std::size_t kMaxValue = std::numeric_limits<std::int32_t>::max();
  DiffArguments arguments;
  Raw raw;
  FOVEA_RETURN_IF_ERROR(Split(argc, argv, &raw));
  arguments.help = raw.common.help();
  if (arguments.help) return arguments;
  std::size_t top = 0;
  Status status = raw.common.Read(&arguments, &arguments.second_model);
  if (status.ok()) status = ReadAgainst(raw, &arguments);
  if (status.ok()) status = raw.selection.Read(arguments.file, &arguments);
  if (status.ok()) status = ReadCount("--top", raw.top, 1, kMaxValue, &top);
  if (raw.top) arguments.top = top;
  if (status.ok()) status = ReadFailAbove(raw.fail_above, &arguments.fail_above);
  if (status.ok()) status = CheckCombinations(arguments);
  FOVEA_RETURN_IF_ERROR(status);
  return arguments;
}

}  // namespace fovea::dump
