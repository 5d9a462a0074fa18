#include "tools/attention-dump/heads/heads_arguments.h"

#include <CLI/CLI.hpp>
#include <limits>

#include "fovea/status_macros.h"
#include "tools/attention-dump/heads/head_table.h"

namespace fovea::dump {
namespace {

/// Options as typed; an empty optional was not given.
struct Raw {
  CommonOptions common;
  SelectionOptions selection;
  std::optional<std::string> probe_length, sort, top, ablation;
  bool probe = false, ablate_all = false;
};

Status Split(int argc, const char* const* argv, Raw* raw) {
  CLI::App app;
  raw->common.AddTo(&app);
  raw->selection.AddTo(&app);
  app.add_flag("--probe", raw->probe);
  app.add_option("--probe-length", raw->probe_length);
  app.add_flag("--ablate-all", raw->ablate_all);
  app.add_option("--ablation", raw->ablation);
  app.add_option("--sort", raw->sort);
  app.add_option("--top", raw->top);
  return ParseOptions(argc, argv, &app);
}

Status CheckSort(const HeadsArguments& arguments) {
  if (arguments.sort.empty() || arguments.sort == kSortByPosition) return Status::Ok();
  const HeadColumn* column = FindHeadColumn(arguments.sort);
  if (column == nullptr) {
    return Usage("--sort: there is no column '" + arguments.sort + "'; there are " +
                 std::string(kSortByPosition) + ", " + HeadColumnNames());
  }
  if (column->needs == HeadColumn::Needs::kProbe && !arguments.probe) {
    return Usage("--sort: " + arguments.sort + " is measured with --probe only");
  }
  if (column->needs == HeadColumn::Needs::kAblation && !arguments.ablate_all) {
    return Usage("--sort: " + arguments.sort + " is measured with --ablate-all only");
  }
  return Status::Ok();
}

Status CheckCombinations(const HeadsArguments& arguments, const Raw& raw) {
  if (arguments.probe && arguments.input != TextArguments::Input::kSample) {
    return Usage("--probe: brings its own tokens; give it without --text, --file, --tokens and -");
  }
  if (raw.probe_length && !arguments.probe) {
    return Usage("--probe-length: needs --probe");
  }
  if (raw.ablation && !arguments.ablate_all) return Usage("--ablation: needs --ablate-all");
  return CheckSort(arguments);
}

}  // namespace

Result<HeadsArguments> ParseHeadsArguments(int argc, const char* const* argv) {
  constexpr std::size_t kMaxValue = std::numeric_limits<std::int32_t>::max();
  HeadsArguments arguments;
  Raw raw;
  FOVEA_RETURN_IF_ERROR(Split(argc, argv, &raw));
  arguments.help = raw.common.help();
  if (arguments.help) return arguments;
  arguments.probe = raw.probe;
  arguments.ablate_all = raw.ablate_all;
  arguments.sort = raw.sort.value_or(raw.ablate_all ? "loss_change" : "");
  std::size_t top = 0;
  Status status = raw.common.Read(&arguments);
  if (status.ok()) status = raw.selection.Read(arguments.file, &arguments);
  if (status.ok()) status = CheckTableOutputs(arguments.outputs, "a table of heads");
  if (status.ok()) {
    status = ReadCount("--probe-length", raw.probe_length, 2, kMaxValue, &arguments.probe_length);
  }
  if (status.ok()) status = ReadCount("--top", raw.top, 1, kMaxValue, &top);
  if (raw.top) arguments.top = top;
  if (status.ok()) status = ReadAblationKind(raw.ablation, &arguments.ablation);
  if (status.ok()) status = CheckCombinations(arguments, raw);
  FOVEA_RETURN_IF_ERROR(status);
  return arguments;
}

}  // namespace fovea::dump
