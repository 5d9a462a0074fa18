#include "tools/attention-dump/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <limits>

#include "tools/common/numbers.h"

namespace fovea::dump {
namespace {

constexpr std::size_t kMaxThreads = 1024;

Status Usage(const std::string& message) {
  return {StatusCode::kInvalidArgument, message};
}

/// Options as typed; an empty optional was not given.
struct Raw {
  std::vector<std::string> positionals;
  std::vector<std::string> outputs;
  std::optional<std::string> text, file, tokens, layers, heads, generate, precision, threads,
      context, kv, isa, max_memory;
};

/// Splits argv into Raw and the flags of Arguments; CLI11's exceptions end here.
Status Split(int argc, const char* const* argv, Raw* raw, Arguments* arguments) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  app.add_option("model_and_dash", raw->positionals);
  app.add_option("-o,--output", raw->outputs)->allow_extra_args(false);
  app.add_option("--text", raw->text);
  app.add_option("--file", raw->file);
  app.add_option("--tokens", raw->tokens);
  app.add_option("--layers", raw->layers);
  app.add_option("--heads", raw->heads);
  app.add_option("--generate", raw->generate);
  app.add_option("--precision", raw->precision);
  app.add_option("--threads", raw->threads);
  app.add_option("--context", raw->context);
  app.add_option("--kv", raw->kv);
  app.add_option("--isa", raw->isa);
  app.add_option("--max-memory", raw->max_memory);
  app.add_flag("--fast", arguments->fast);
  app.add_flag("--scores", arguments->scores);
  app.add_flag("--logits", arguments->logits);
  app.add_flag("--trace", arguments->trace);
  app.add_flag("--compare-mask", arguments->compare_mask);
  app.add_flag("-q,--quiet", arguments->quiet);
  app.add_flag("-h,--help", arguments->help);
  app.add_flag("--version", arguments->version);
  try {
    app.parse(argc, const_cast<char**>(argv));
    const std::vector<std::string> extras = app.remaining();
    if (!extras.empty()) return Usage(extras.front() + ": unknown option");
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string what = error.what();  // begins with the option's name
    const bool missing = what.find("missing") != std::string::npos;
    return Usage(what.substr(0, what.find(':')) + (missing ? ": needs a value" : ": given twice"));
  } catch (const CLI::ParseError& error) {
    return Usage(error.what());
  }
  return Status::Ok();
}

Status ReadPositionals(const Raw& raw, Arguments* arguments, bool* standard_input) {
  for (const std::string& positional : raw.positionals) {
    if (positional == "-") {
      *standard_input = true;
    } else if (positional.empty()) {
      return Usage("MODEL: the name is empty");
    } else if (arguments->model.empty()) {
      arguments->model = positional;
    } else {
      return Usage(positional + ": one model at a time (the model is '" + arguments->model + "')");
    }
  }
  return Status::Ok();
}

Status ReadInput(const Raw& raw, bool standard_input, Arguments* arguments) {
  using Input = Arguments::Input;
  int given = 0;
  const auto choose = [&](bool is_given, Input input) {
    if (!is_given) return;
    arguments->input = input;
    ++given;
  };
  choose(raw.text.has_value(), Input::kText);
  choose(raw.file.has_value() && *raw.file != "-", Input::kFile);
  choose(standard_input || (raw.file && *raw.file == "-"), Input::kStandardInput);
  choose(raw.tokens.has_value(), Input::kTokens);
  if (given > 1) return Usage("--text, --file, --tokens and -: give only one of them");
  arguments->text = raw.text.value_or("");
  arguments->file = raw.file.value_or("");
  if (!raw.tokens) return Status::Ok();
  const auto ids = ParseIds(*raw.tokens);
  if (!ids) return Usage("--tokens: '" + *raw.tokens + "' is not a list of ids like 1,2,3");
  arguments->ids = *ids;
  return Status::Ok();
}

std::string ComparablePath(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  const std::filesystem::path resolved = std::filesystem::weakly_canonical(absolute, error);
  return error ? absolute.lexically_normal().string() : resolved.string();
}

Status ReadOutputs(const Raw& raw, Arguments* arguments) {
  std::vector<std::string> seen;
  for (const std::string& path : raw.outputs) {
    const std::optional<OutputKind> kind = OutputKindOf(path);
    if (!kind) {
      return Usage("-o " + path +
                   ": unknown ending; these are known: " + std::string(OutputEndings()));
    }
    const std::string comparable = ComparablePath(path);
    if (std::find(seen.begin(), seen.end(), comparable) != seen.end()) {
      return Usage("-o " + path + ": named twice");
    }
    if (arguments->input == Arguments::Input::kFile &&
        comparable == ComparablePath(arguments->file)) {
      return Usage("-o " + path + ": would overwrite the text it is made from");
    }
    seen.push_back(comparable);
    arguments->outputs.push_back({path, *kind});
  }
  return Status::Ok();
}

Status ReadRanges(const char* option, const std::optional<std::string>& given,
                  std::vector<Range>* ranges) {
  if (!given) return Status::Ok();
  const auto parsed = ParseRanges(*given);
  if (!parsed) {
    return Usage(std::string(option) + ": '" + *given + "' is not a list like 0-3,5");
  }
  *ranges = *parsed;
  return Status::Ok();
}

Status ReadCount(const char* option, const std::optional<std::string>& given, std::size_t least,
                 std::size_t most, std::size_t* count) {
  if (!given) return Status::Ok();
  const auto number = tools::ParseNumber(*given);
  if (!number || *number < least || *number > most) {
    return Usage(std::string(option) + ": '" + *given + "' is not a number from " +
                 std::to_string(least) + " to " + std::to_string(most));
  }
  *count = static_cast<std::size_t>(*number);
  return Status::Ok();
}

Status ReadChoice(const char* option, const std::optional<std::string>& given, bool* is_half) {
  if (!given) return Status::Ok();
  if (*given != "f16" && *given != "f32") {
    return Usage(std::string(option) + ": '" + *given + "' is neither f16 nor f32");
  }
  *is_half = *given == "f16";
  return Status::Ok();
}

Status ReadKvType(const std::optional<std::string>& given, DataType* type) {
  if (!given || *given == "f32") {
    *type = DataType::kF32;
  } else if (*given == "f16") {
    *type = DataType::kF16;
  } else if (*given == "bf16") {
    *type = DataType::kBF16;
  } else if (*given == "int8") {
    *type = DataType::kQ8_0;
  } else {
    return Usage("--kv: '" + *given + "' is none of f32, f16, bf16 and int8");
  }
  return Status::Ok();
}

Status ReadNumbers(const Raw& raw, Arguments* arguments) {
  constexpr std::size_t kMaxTokens = std::numeric_limits<std::int32_t>::max();
  std::size_t generate = 0;
  Status status = ReadRanges("--layers", raw.layers, &arguments->layers);
  if (status.ok()) status = ReadRanges("--heads", raw.heads, &arguments->heads);
  if (status.ok()) status = ReadCount("--generate", raw.generate, 0, kMaxTokens, &generate);
  if (status.ok()) {
    status = ReadCount("--threads", raw.threads, 1, kMaxThreads, &arguments->threads);
  }
  if (status.ok()) status = ReadCount("--context", raw.context, 1, kMaxTokens, &arguments->context);
  if (status.ok()) status = ReadChoice("--precision", raw.precision, &arguments->half);
  if (status.ok()) status = ReadKvType(raw.kv, &arguments->kv_type);
  if (!status.ok()) return status;
  if (raw.generate) arguments->generate = generate;
  if (raw.isa && raw.isa->empty()) return Usage("--isa: the name is empty");
  arguments->isa = raw.isa.value_or("");
  if (raw.max_memory) {
    const auto bytes = tools::ParseByteCount(*raw.max_memory);
    if (!bytes || *bytes == 0) {
      return Usage("--max-memory: '" + *raw.max_memory + "' is not a size like 500M or 2G");
    }
    arguments->max_memory = *bytes;
  }
  return Status::Ok();
}

/// Options that need a certain kind of output.
Status CheckCombinations(const Arguments& arguments) {
  const auto& outputs = arguments.outputs;
  const bool arrays = std::any_of(outputs.begin(), outputs.end(),
                                  [](const OutputPath& o) { return HoldsAllArrays(o.kind); });
  const bool pictures =
      outputs.empty() || std::any_of(outputs.begin(), outputs.end(),
                                     [](const OutputPath& o) { return IsPicture(o.kind); });
  const char* const wants_arrays = arguments.logits   ? "--logits"
                                   : arguments.scores ? "--scores"
                                   : arguments.trace  ? "--trace"
                                                      : nullptr;
  if (wants_arrays != nullptr && !arrays) {
    return Usage(std::string(wants_arrays) + ": needs an .npz or .safetensors output (-o FILE)");
  }
  if (arguments.compare_mask && !pictures) {
    return Usage("--compare-mask: needs a .png, .svg or .html output, or the terminal (no -o)");
  }
  return Status::Ok();
}

}  // namespace

Result<Arguments> ParseArguments(int argc, const char* const* argv) {
  Arguments arguments;
  Raw raw;
  if (Status status = Split(argc, argv, &raw, &arguments); !status.ok()) return status;
  if (arguments.help || arguments.version) return arguments;
  bool standard_input = false;
  Status status = ReadPositionals(raw, &arguments, &standard_input);
  if (status.ok()) status = ReadInput(raw, standard_input, &arguments);
  if (status.ok()) status = ReadOutputs(raw, &arguments);
  if (status.ok()) status = ReadNumbers(raw, &arguments);
  if (status.ok()) status = CheckCombinations(arguments);
  if (!status.ok()) return status;
  return arguments;
}

}  // namespace fovea::dump
