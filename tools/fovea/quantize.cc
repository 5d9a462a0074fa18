// fovea quantize: a model file in a smaller type, with a report of what that changed.

#include <fovea/quantize.h>
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "fovea/status_macros.h"
#include "tools/common/progress.h"
#include "tools/fovea/commands.h"
#include "tools/fovea/interrupt.h"
#include "tools/fovea/quantize_arguments.h"

namespace fovea::tools {
namespace {

using Json = nlohmann::ordered_json;

struct QuantizeArguments {
  std::string input;
  std::string output;
  std::string type;
  std::size_t threads = 0;
  bool pure = false;
  bool quiet = false;
  bool json = false;
};

std::string ShapeText(const std::vector<std::uint64_t>& shape) {
  std::string text;
  for (const std::uint64_t size : shape) {
    text += (text.empty() ? "" : " x ") + std::to_string(size);
  }
  return text;
}

std::string Megabytes(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f MB", static_cast<double>(bytes) / 1e6);
  return text;
}

/// A name that a terminal can be shown: files may have any bytes in theirs.
std::string Printable(std::string name) {
  for (char& c : name) {
    if (static_cast<unsigned char>(c) < 32 || c == 127) c = '?';
  }
  return name;
}

/// "0.54 %", or "-" where nothing was changed.
std::string ErrorText(const QuantizationError& error, bool same_type) {
  if (same_type) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.4f %%", 100.0 * error.Relative());
  return text;
}

std::string Line(const std::string& name, const std::string& shape, const std::string& types,
                 const std::string& bytes, const std::string& error) {
  const auto padded = [](const std::string& text, std::size_t width) {
    return text + std::string(text.size() < width ? width - text.size() : 0, ' ');
  };
  const auto right = [](const std::string& text, std::size_t width) {
    return std::string(text.size() < width ? width - text.size() : 0, ' ') + text;
  };
  return padded(name, 28) + " " + padded(shape, 15) + " " + padded(types, 14) + " " +
         right(bytes, 12) + " " + right(error, 10) + "\n";
}

std::string Table(const QuantizeReport& report) {
  std::string text = Line("tensor", "shape", "type", "size", "RMS error");
  for (const QuantizedTensor& tensor : report.tensors) {
    const bool same = tensor.from == tensor.to;
    const std::string to(DataTypeName(tensor.to));
    text += Line(Printable(tensor.name), ShapeText(tensor.shape),
                 same ? to : std::string(DataTypeName(tensor.from)) + " > " + to,
                 Megabytes(tensor.bytes), ErrorText(tensor.error, same));
  }
  text += Line("all tensors", "", "", Megabytes(report.tensor_bytes),
               ErrorText(report.error, report.error.squared_norm == 0.0));
  text +=
      "file: " + Megabytes(report.file_bytes_before) + " > " + Megabytes(report.file_bytes) + "\n";
  return text;
}

Json ToJson(const QuantizeReport& report, const QuantizeArguments& arguments, DataType type) {
  Json tensors = Json::array();
  for (const QuantizedTensor& tensor : report.tensors) {
    tensors.push_back({{"name", tensor.name},
                       {"shape", tensor.shape},
                       {"from", DataTypeName(tensor.from)},
                       {"type", DataTypeName(tensor.to)},
                       {"bytes_before", tensor.bytes_before},
                       {"bytes", tensor.bytes},
                       {"relative_error", tensor.error.Relative()},
                       {"largest_error", tensor.error.largest}});
  }
  return {{"input", arguments.input},
          {"output", arguments.output},
          {"type", DataTypeName(type)},
          {"file_bytes_before", report.file_bytes_before},
          {"file_bytes", report.file_bytes},
          {"tensor_bytes_before", report.tensor_bytes_before},
          {"tensor_bytes", report.tensor_bytes},
          {"relative_error", report.error.Relative()},
          {"requantized_tensors", report.requantized},
          {"tensors", std::move(tensors)}};
}

Status Quantize(const QuantizeArguments& arguments) {
  auto type = TypeFromName(arguments.type);
  FOVEA_RETURN_IF_ERROR(type);
  CatchInterrupts();
  Progress progress(!arguments.quiet);
  const auto on_progress = [&](double done, const std::string& tensor) {
    progress.Update(done, Printable(tensor));
  };
  auto report = QuantizeFile(arguments.input, arguments.output,
                             {.type = *type,
                              .pure = arguments.pure,
                              .threads = ThreadsOrAllCores(arguments.threads),
                              .cancelled = Interrupted,
                              .on_progress = on_progress});
  progress.Clear();
  if (!report && Interrupted()) {
    return {StatusCode::kCancelled, "interrupted; nothing was written"};
  }
  FOVEA_RETURN_IF_ERROR(report);
  if (report->requantized > 0 && !arguments.quiet) {
    std::fprintf(
        stderr,
        "fovea: warning: %zu tensors of %s were quantized before; the errors below come on "
        "top of those\n",
        report->requantized, arguments.input.c_str());
  }
  if (arguments.json) {
    const Json json = ToJson(*report, arguments, *type);
    return Print(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  }
  return arguments.quiet ? Status() : Print(Table(*report));
}

/// "Q6_K becomes Q8_0, …": types that matrices with columns of 32, but not of 256, do not get.
std::string NarrowTypes() {
  std::string text;
  for (const DataType type : EncodableTypes()) {
    const DataType narrow = FittingType(type, 32);
    if (narrow == type) continue;
    text += (text.empty() ? "" : ", ") + std::string(DataTypeName(type)) + " becomes ";
    text += DataTypeName(narrow);
  }
  return text;
}

}  // namespace

void AddQuantize(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<QuantizeArguments>();
  CLI::App* sub = app.add_subcommand(
      "quantize", "Write a model file in a smaller type, with a report of what that changes");
  sub->add_option("IN", arguments->input, "GGUF file")->required();
  sub->add_option("OUT", arguments->output, "GGUF file to write")->required();
  sub->add_option("TYPE", arguments->type, "type of its matrices: " + TypeNames())->required();
  sub->add_flag("--pure", arguments->pure,
                "give the output matrix this type too (default: at least Q6_K)");
  AddQuantizeThreads(*sub, arguments->threads);
  auto* json = sub->add_flag("--json", arguments->json, "print one JSON object");
  sub->add_flag("--quiet", arguments->quiet, "print nothing when all is well")->excludes(json);
  sub->footer(
      "Vectors (norms, biases) are kept as F32, learned positions and norms as they are. Where\n"
      "columns do not make blocks of 256, " +
      NarrowTypes() + ";\nwhere they do not make blocks of 32, F16.");
  sub->callback([arguments, &command] { command = [arguments] { return Quantize(*arguments); }; });
}

}  // namespace fovea::tools
