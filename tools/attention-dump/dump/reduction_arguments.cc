#include "tools/attention-dump/dump/reduction_arguments.h"

#include <CLI/CLI.hpp>
#include <limits>

#include "fovea/status_macros.h"
#include "tools/attention-dump/dump/arguments.h"

namespace fovea::dump {
namespace {

constexpr std::size_t kMaxValue = std::numeric_limits<std::int32_t>::max();

Status CheckOutput(const ReductionArguments& reduction, const char* option,
                   const OutputPath& output) {
  if (output.format->content == OutputContent::kMaps) {
    return Usage("-o " + output.path + ": a " + std::string(output.format->ending) +
                 " holds whole maps alone, which " + option + " leaves out; write " +
                 EndingsOf({OutputContent::kArrays}));
  }
  if (output.format->content != OutputContent::kText) return Status::Ok();
  if (reduction.top_k == 0 && reduction.pool == 0) {
    return Usage("-o " + output.path + ": --no-maps leaves nothing to write into it");
  }
  if (output.format->one_table && reduction.top_k > 0 && reduction.pool > 0) {
    return Usage("-o " + output.path +
                 ": --top-k and --pool are two tables; give one of them, or write .json");
  }
  return Status::Ok();
}

}  // namespace

void ReductionOptions::AddTo(CLI::App* app) {
  app->add_option("--top-k", top_k_);
  app->add_option("--pool", pool_);
  app->add_flag("--no-maps", no_maps_);
}

Status ReductionOptions::Read(ReductionArguments* arguments) const {
  arguments->no_maps = no_maps_;
  Status status = ReadCount("--top-k", top_k_, 1, kMaxValue, &arguments->top_k);
  if (status.ok()) status = ReadCount("--pool", pool_, 2, kMaxValue, &arguments->pool);
  return status;
}

Status CheckReductions(const Arguments& arguments) {
  const ReductionArguments& reduction = arguments.reduction;
  if (!reduction.any()) return Status::Ok();
  const char* const option = reduction.top_k > 0  ? "--top-k"
                             : reduction.pool > 0 ? "--pool"
                                                  : "--no-maps";
  for (const OutputPath& output : arguments.outputs) {
    FOVEA_RETURN_IF_ERROR(CheckOutput(reduction, option, output));
  }
  const bool arrays = AnyHolds(arguments.outputs, OutputContent::kArrays);
  const bool text = AnyHolds(arguments.outputs, OutputContent::kText);
  const bool pictures = AnyHolds(arguments.outputs, OutputContent::kPicture);
  if (arguments.scores) {
    return Usage(std::string("--scores: they are as large as the maps that ") + option +
                 " leaves out; give only one of the two");
  }
  if (reduction.top_k > 0 && !arrays && !text && !arguments.stream.on) {
    return Usage("--top-k: needs an " + EndingsOf({OutputContent::kArrays, OutputContent::kText}) +
                 " output (-o FILE), or --stream");
  }
  if (reduction.pool > 0 && !arrays && !text && !pictures) {
    return Usage(
        "--pool: needs an " +
        EndingsOf({OutputContent::kArrays, OutputContent::kText, OutputContent::kPicture}) +
        " output (-o FILE)");
  }
  if (reduction.no_maps && !arrays) {
    return Usage("--no-maps: needs an " + EndingsOf({OutputContent::kArrays}) +
                 " output (-o FILE)");
  }
  if (reduction.no_maps && reduction.top_k == 0 && reduction.pool == 0 && !arguments.trace &&
      !arguments.logits) {
    return Usage("--no-maps: nothing is left to write; add --trace, --logits, --top-k or --pool");
  }
  if (reduction.pool > 0 && arguments.compare_mask) {
    return Usage("--compare-mask: shows whole maps, which --pool leaves out");
  }
  return Status::Ok();
}

}  // namespace fovea::dump
