#include "tools/attention-dump/dump/arguments.h"
#include "fovea/status_macros.h"

#include <CLI/CLI.hpp>
#include <limits>
#include <string_view>
#include <utility>

namespace fovea::dump {
namespace {

/// Options as typed; an empty optional was not given.
struct Raw {
  CommonOptions common;
  SelectionOptions selection;
  ReductionOptions reduction;
  StreamOptions stream;
  std::optional<std::string> target, target_tokens;
  std::optional<std::string> generate, precision, page_size, ablate, ablation;
};

/// Splits argv into Raw and the flags of Arguments.
Status Split(int argc, const char* const* argv, Raw* raw, Arguments* arguments) {
  CLI::App app;
  raw->common.AddTo(&app);
  raw->selection.AddTo(&app);
  raw->reduction.AddTo(&app);
  raw->stream.AddTo(&app);
  app.add_option("--generate", raw->generate);
  app.add_option("--target", raw->target);
  app.add_option("--target-tokens", raw->target_tokens);
  app.add_option("--precision", raw->precision);
  app.add_option("--page-size", raw->page_size);
  app.add_flag("--scores", arguments->scores);
  app.add_flag("--logits", arguments->logits);
  app.add_flag("--embeddings", arguments->embeddings);
  app.add_flag("--hidden", arguments->hidden);
  app.add_flag("--trace", arguments->trace);
  app.add_flag("--compare-mask", arguments->compare_mask);
  app.add_flag("--values", arguments->values);
  app.add_flag("--rollout", arguments->rollout);
  app.add_flag("--flow", arguments->flow);
  app.add_option("--ablate", raw->ablate);
  app.add_option("--ablation", raw->ablation);
  app.add_flag("--version", arguments->version);
  return ParseOptions(argc, argv, &app);
}

Status ReadChoice(const char* option, const std::optional<std::string>& given, bool* is_half) {
  if (!given) return Status::Ok();
  if (*given != "f16" && *given != "f32") {
    return Usage(std::string(option) + ": '" + *given + "' is neither f16 nor f32");
  }
  *is_half = *given == "f16";
  return Status::Ok();
}

Status ReadAblation(const Raw& raw, Arguments* arguments) {
  if (raw.ablation && !raw.ablate) return Usage("--ablation: needs --ablate");
  if (!raw.ablate) return Status::Ok();
  const auto heads = ParseHeadList(*raw.ablate);
  if (!heads) {
    return Usage("--ablate: '" + *raw.ablate + "' is not a list of different heads like L3H5,L4H1");
  }
  arguments->ablate = *heads;
  return ReadAblationKind(raw.ablation, &arguments->ablation);
}

Status ReadNumbers(const Raw& raw, Arguments* arguments) {
  constexpr std::size_t kMaxTokens = std::numeric_limits<std::int32_t>::max();
  std::size_t generate = 0;
  Status status = ReadCount("--generate", raw.generate, 0, kMaxTokens, &generate);
  if (status.ok()) status = ReadChoice("--precision", raw.precision, &arguments->half);
  if (status.ok()) status = ReadBytes("--page-size", raw.page_size, &arguments->page_size);
  if (status.ok()) status = ReadAblation(raw, arguments);
  if (raw.generate) arguments->generate = generate;
  arguments->target = raw.target;
  if (status.ok() && raw.target_tokens) {
    const auto ids = ParseIds(*raw.target_tokens);
    if (!ids) {
      status =
          Usage("--target-tokens: '" + *raw.target_tokens + "' is not a list of ids like 1,2,3");
    } else {
      arguments->target_ids = *ids;
    }
  }
  if (status.ok() && raw.target && raw.target_tokens) {
    status = Usage("--target: give it without --target-tokens");
  }
  return status;
}

/// Options that need a certain kind of output.
Status CheckCombinations(const Arguments& arguments) {
  const auto& outputs = arguments.outputs;
  const bool arrays = AnyHolds(outputs, OutputContent::kArrays);
  const bool page = AnyHolds(outputs, OutputContent::kPage);
  const bool pictures =
      ShowsTerminalView(arguments) || page || AnyHolds(outputs, OutputContent::kPicture);
  const char* const wants_arrays = arguments.logits       ? "--logits"
                                   : arguments.embeddings ? "--embeddings"
                                   : arguments.hidden     ? "--hidden"
                                   : arguments.scores     ? "--scores"
                                   : arguments.trace      ? "--trace"
                                                          : nullptr;
  if (wants_arrays != nullptr && !arrays) {
    return Usage(std::string(wants_arrays) + ": needs an " + EndingsOf({OutputContent::kArrays}) +
                 " output (-o FILE)");
  }
  if (arguments.compare_mask && !pictures) {
    return Usage("--compare-mask: needs a " +
                 EndingsOf({OutputContent::kPicture, OutputContent::kPage}) +
                 " output, or the terminal (no -o)");
  }
  if (arguments.page_size != 0 && !page) {
    return Usage("--page-size: needs an " + EndingsOf({OutputContent::kPage}) + " output");
  }
  return Status::Ok();
}

/// The first that was given of the options that choose what a cell or a file holds, leaving out
/// `except`; empty: none.
std::string OtherView(const Arguments& arguments, std::string_view except) {
  const std::pair<std::string_view, bool> views[] = {{"--scores", arguments.scores},
                                                     {"--logits", arguments.logits},
                                                     {"--embeddings", arguments.embeddings},
                                                     {"--hidden", arguments.hidden},
                                                     {"--trace", arguments.trace},
                                                     {"--compare-mask", arguments.compare_mask},
                                                     {"--values", arguments.values},
                                                     {"--ablate", !arguments.ablate.empty()},
                                                     {"--heads", !arguments.heads.empty()},
                                                     {"--flow", arguments.flow},
                                                     {"--rollout", arguments.rollout},
                                                     {"--top-k", arguments.reduction.top_k > 0},
                                                     {"--pool", arguments.reduction.pool > 0},
                                                     {"--no-maps", arguments.reduction.no_maps},
                                                     {"--stream", arguments.stream.on}};
  for (const auto& [name, given] : views) {
    if (given && name != except) return std::string(name);
  }
  return "";
}

/// Options that do not go together.
Status CheckViews(const Arguments& arguments) {
  const bool page = AnyHolds(arguments.outputs, OutputContent::kPage);
  if (arguments.rollout || arguments.flow) {
    const std::string option = arguments.rollout ? "--rollout" : "--flow";
    const std::string other = OtherView(arguments, option);
    if (!other.empty()) {
      return Usage(option +
                   ": follows the mean of all heads from layer to layer; give it without " + other);
    }
    if (page)
      return Usage(option + ": is written as arrays, pictures or text, not as " +
                   EndingsOf({OutputContent::kPage}));
  }
  if (arguments.values && arguments.compare_mask) {
    return Usage("--values: cannot be shown without the mask; give it without --compare-mask");
  }
  if (!arguments.ablate.empty() && (arguments.generate || arguments.compare_mask)) {
    return Usage("--ablate: compares two runs over the same tokens; give it without " +
                 std::string(arguments.generate ? "--generate" : "--compare-mask"));
  }
  return Status::Ok();
}

}  // namespace

bool ShowsTerminalView(const Arguments& arguments) {
  return arguments.outputs.empty() && !arguments.stream.on;
}

Result<Arguments> ParseArguments(int argc, const char* const* argv) {
  Arguments arguments;
  Raw raw;
  FOVEA_RETURN_IF_ERROR(Split(argc, argv, &raw, &arguments));
  arguments.help = raw.common.help();
  if (arguments.help || arguments.version) return arguments;
  Status status = raw.common.Read(&arguments);
  if (status.ok()) status = raw.selection.Read(arguments.file, &arguments);
  if (status.ok()) status = ReadNumbers(raw, &arguments);
  if (status.ok()) status = raw.reduction.Read(&arguments.reduction);
  if (status.ok()) status = raw.stream.Read(&arguments.stream);
  if (status.ok()) status = CheckCombinations(arguments);
  if (status.ok()) status = CheckReductions(arguments);
  if (status.ok()) status = CheckStream(arguments);
  if (status.ok()) status = CheckViews(arguments);
  FOVEA_RETURN_IF_ERROR(status);
  return arguments;
}

}  // namespace fovea::dump
