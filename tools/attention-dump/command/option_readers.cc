#include "tools/attention-dump/command/option_readers.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <system_error>

namespace fovea::dump {

std::string ComparablePath(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  const std::filesystem::path resolved = std::filesystem::weakly_canonical(absolute, error);
  return error ? absolute.lexically_normal().string() : resolved.string();
}

Status ParseOptions(int argc, const char* const* argv, CLI::App* app) {
  try {
    app->parse(argc, const_cast<char**>(argv));
    const std::vector<std::string> extras = app->remaining();
    if (!extras.empty()) return Usage(extras.front() + ": unknown option");
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string what = error.what();
    const std::string name = what.substr(0, what.find(':'));  // it begins with the option's name
    const CLI::Option* option = app->get_option_no_throw(name);
    const bool twice = option != nullptr && option->count() > 1;
    return Usage(name + (twice ? ": given twice" : ": needs a value"));
  } catch (const CLI::ParseError& error) {
    return Usage(error.what());
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

Status ReadAblationKind(const std::optional<std::string>& given, AblationKind* kind) {
  if (!given) return Status::Ok();
  if (*given != "zero" && *given != "mean") {
    return Usage("--ablation: '" + *given + "' is neither zero nor mean");
  }
  *kind = *given == "mean" ? AblationKind::kMean : AblationKind::kZero;
  return Status::Ok();
}

Status ReadOutputs(const std::vector<std::string>& given, const std::string& text_file,
                   std::vector<OutputPath>* outputs) {
  std::vector<std::string> seen;
  for (const std::string& path : given) {
    const OutputFormat* format = FindOutputFormat(path);
    if (format == nullptr) {
      return Usage("-o " + path + ": unknown ending; these are known: " + OutputEndings());
    }
    const std::string comparable = ComparablePath(path);
    if (std::find(seen.begin(), seen.end(), comparable) != seen.end()) {
      return Usage("-o " + path + ": named twice");
    }
    if (!text_file.empty() && comparable == ComparablePath(text_file)) {
      return Usage("-o " + path + ": would overwrite the text it is made from");
    }
    seen.push_back(comparable);
    outputs->push_back({path, format});
  }
  return Status::Ok();
}

Status CheckTableOutputs(const std::vector<OutputPath>& outputs, const std::string& what) {
  for (const OutputPath& output : outputs) {
    if (output.format->table != TableFormat::kNone) continue;
    return Usage("-o " + output.path + ": " + what + " is written as " + TableEndings());
  }
  return Status::Ok();
}

}  // namespace fovea::dump
