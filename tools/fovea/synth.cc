// fovea synth: model files with made-up weights, for measuring.

#include <fovea/quantize.h>
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "fovea/status_macros.h"
#include "tools/common/progress.h"
#include "tools/fovea/commands.h"
#include "tools/fovea/interrupt.h"
#include "tools/fovea/quantize_arguments.h"
#include "tools/fovea/synth_model.h"

namespace fovea::tools {
namespace {

/// Sizes as given; 0 where the shape's own holds.
struct SynthArguments {
  std::string shape;
  std::string type;
  std::string output;
  SynthShape sizes = {.context = 0};
  std::uint64_t seed = 1;
  std::size_t threads = 0;
  bool pure = false;
  bool quiet = false;
};

Result<SynthShape> ShapeOf(const SynthArguments& arguments) {
  std::optional<SynthShape> shape = NamedShape(arguments.shape);
  if (!shape && arguments.shape != "custom") {
    return Status(StatusCode::kInvalidArgument,
                  "SHAPE '" + arguments.shape + "' is none of " + ShapeNames() + " and custom");
  }
  if (!shape) shape = SynthShape();
  const auto override_with = [](std::size_t given, std::size_t* size) {
    if (given != 0) *size = given;
  };
  override_with(arguments.sizes.hidden_size, &shape->hidden_size);
  override_with(arguments.sizes.ffn_size, &shape->ffn_size);
  override_with(arguments.sizes.layers, &shape->layers);
  override_with(arguments.sizes.heads, &shape->heads);
  override_with(arguments.sizes.kv_heads, &shape->kv_heads);
  override_with(arguments.sizes.vocabulary, &shape->vocabulary);
  override_with(arguments.sizes.context, &shape->context);
  const bool of_encoder = shape->family == SynthFamily::kBert && arguments.sizes.kv_heads == 0;
  if (shape->kv_heads == 0 || of_encoder) shape->kv_heads = shape->heads;
  shape->tied = shape->tied || arguments.sizes.tied;
  FOVEA_RETURN_IF_ERROR(CheckShape(*shape));
  return *shape;
}

Status Synth(const SynthArguments& arguments) {
  auto shape = ShapeOf(arguments);
  FOVEA_RETURN_IF_ERROR(shape);
  auto type = TypeFromName(arguments.type);
  FOVEA_RETURN_IF_ERROR(type);
  CatchInterrupts();
  Progress progress(!arguments.quiet);
  auto report = SynthesizeModel(
      {.shape = *shape,
       .type = *type,
       .pure = arguments.pure,
       .seed = arguments.seed,
       .threads = ThreadsOrAllCores(arguments.threads),
       .name = "synth " + arguments.shape + " " + std::string(DataTypeName(*type)) + " seed " +
               std::to_string(arguments.seed),
       .cancelled = Interrupted,
       .on_progress = [&](double done,
                          const std::string& tensor) { progress.Update(done, tensor); }},
      arguments.output);
  progress.Clear();
  if (!report && Interrupted()) {
    return {StatusCode::kCancelled, "interrupted; nothing was written"};
  }
  FOVEA_RETURN_IF_ERROR(report);
  if (arguments.quiet) return {};
  char line[128];
  std::snprintf(line, sizeof line, ": %.1f M weights, %.1f MB\n",
                static_cast<double>(report->parameters) / 1e6,
                static_cast<double>(report->bytes) / 1e6);
  return Print(arguments.output + line);
}

}  // namespace

void AddSynth(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<SynthArguments>();
  CLI::App* sub = app.add_subcommand(
      "synth", "Write a model file with random weights, for measuring speed and memory");
  sub->footer(
      "minilm and bert-base are encoders of the bert family, all others decoders of the llama "
      "family;\n"
      "every size of a shape may be given another value.\n"
      "Example: fovea synth minilm Q8_0 minilm.gguf");
  sub->add_option("SHAPE", arguments->shape, ShapeNames() + ", or custom")->required();
  sub->add_option("TYPE", arguments->type, "type of its matrices: " + TypeNames())->required();
  sub->add_option("OUT", arguments->output, "GGUF file to write")->required();
  SynthShape& sizes = arguments->sizes;
  sub->add_option("--hidden-size", sizes.hidden_size, "width of the embedding")->type_name("N");
  sub->add_option("--ffn-size", sizes.ffn_size, "width of the feed-forward layers")->type_name("N");
  sub->add_option("--layers", sizes.layers, "number of layers")->type_name("N");
  sub->add_option("--heads", sizes.heads, "query heads per layer")->type_name("N");
  sub->add_option("--kv-heads", sizes.kv_heads, "key and value heads (default: as many as --heads)")
      ->type_name("N");
  sub->add_option("--vocabulary", sizes.vocabulary, "number of tokens")->type_name("N");
  sub->add_option("--context", sizes.context,
                  "tokens it says it was trained for (default: the shape's; of decoders 8192)")
      ->type_name("N");
  sub->add_flag("--tied", sizes.tied, "the output matrix is the embedding");
  sub->add_flag("--pure", arguments->pure, "give the output matrix the same type as the others");
  sub->add_option("--seed", arguments->seed, "same seed, same file (default 1)")->type_name("N");
  AddQuantizeThreads(*sub, arguments->threads);
  sub->add_flag("--quiet", arguments->quiet, "print nothing when all is well");
  sub->callback([arguments, &command] { command = [arguments] { return Synth(*arguments); }; });
}

}  // namespace fovea::tools
