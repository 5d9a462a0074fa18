// fovea bench: how fast this machine runs a model.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fovea/fovea.hpp>
#include <memory>
#include <string>
#include <vector>

#include "fovea/status_macros.h"
#include "tools/common/open_session.h"
#include "tools/common/process_memory.h"
#include "tools/common/progress.h"
#include "tools/common/session_arguments.h"
#include "tools/fovea/bench_report.h"
#include "tools/fovea/bench_run.h"
#include "tools/fovea/commands.h"

namespace fovea::tools {
namespace {

/// Longer runs are a mistake, and their sum must not wrap.
constexpr std::size_t kMaxTokens = std::size_t{1} << 24;
constexpr std::size_t kMaxRepeat = 10'000;
constexpr std::size_t kTextLengths[] = {128, 512};
constexpr std::size_t kSource = 128;  // Tokens before an encoder-decoder's decoder runs.

struct BenchArguments {
  std::string model;
  BenchPlan plan = {.prefill = {128, 512, 2048}, .depth = {0, 2048}};
  std::vector<std::size_t> lengths;  ///< Empty: kTextLengths.
  bool embed = false;
  bool decoder_options = false;  ///< --prefill, --decode or --depth was given.
  SessionArguments session;
  bool json = false;
};

/// Without zeros (they stand for "none") and repetitions.
std::vector<std::size_t> Distinct(const std::vector<std::size_t>& lengths, bool keep_zero) {
  std::vector<std::size_t> distinct;
  for (const std::size_t length : lengths) {
    if (length == 0 && !keep_zero) continue;
    if (std::find(distinct.begin(), distinct.end(), length) == distinct.end()) {
      distinct.push_back(length);
    }
  }
  return distinct;
}

/// Lengths of texts: as asked for, or those of kTextLengths that the model was trained for.
std::vector<std::size_t> TextLengths(const BenchArguments& arguments, const ModelInfo& info) {
  if (!arguments.lengths.empty()) return Distinct(arguments.lengths, /*keep_zero=*/false);
  std::vector<std::size_t> lengths;
  for (const std::size_t length : kTextLengths) lengths.push_back(std::min(length, info.context));
  return Distinct(lengths, /*keep_zero=*/false);
}

/// What of the plan applies to this kind of model; the rest gets a line on standard error.
BenchPlan PlanFor(const BenchArguments& arguments, const ModelInfo& info) {
  BenchPlan plan = arguments.plan;
  plan.prefill = Distinct(plan.prefill, /*keep_zero=*/false);
  plan.depth = Distinct(plan.depth, /*keep_zero=*/true);
  const bool text_options = arguments.embed || !arguments.lengths.empty();
  if (!info.has_encoder()) {
    if (text_options) {
      std::fprintf(stderr,
                   "fovea: --embed and --lengths are for encoders; this is a decoder: prefill and "
                   "decode are measured\n");
    }
    return plan;
  }
  plan.encode = TextLengths(arguments, info);
  if (info.has_decoder() && !arguments.embed) {
    plan.source = std::min(kSource, info.context);
    return plan;
  }
  if (arguments.decoder_options) {
    std::fprintf(stderr,
                 "fovea: --prefill, --decode and --depth are for decoders; %s: texts are "
                 "encoded\n",
                 info.has_decoder() ? "with --embed only the encoder runs" : "this is an encoder");
  }
  plan.prefill.clear();
  plan.depth.clear();
  plan.decode = 0;
  return plan;
}

/// Room for what the plan runs, or as much as --context says.
Status FitContext(const BenchPlan& plan, SessionOptions& options) {
  const std::size_t most = std::max(plan.ContextSize(), plan.EncoderContextSize());
  if (most == 0) {
    return {StatusCode::kInvalidArgument, "nothing to measure: all lengths are 0"};
  }
  if (options.context_size != 0 && options.context_size < most) {
    return {StatusCode::kInvalidArgument, "--context: these lengths need " + std::to_string(most) +
                                              " tokens, not " +
                                              std::to_string(options.context_size)};
  }
  if (options.context_size != 0) {
    options.encoder_context_size = options.context_size;
    return Status::Ok();
  }
  options.encoder_context_size = plan.EncoderContextSize();
  // A plain encoder has one context; a decoder that rests needs hardly any.
  options.context_size = plan.ContextSize() != 0 ? plan.ContextSize() : most;
  return Status::Ok();
}

Status RunAndReport(const BenchArguments& arguments) {
  auto options = ToSessionOptions(arguments.session);
  FOVEA_RETURN_IF_ERROR(options);
  const auto load_start = std::chrono::steady_clock::now();
  auto model = Model::Load(arguments.model, ToLoadOptions(arguments.session));
  FOVEA_RETURN_IF_ERROR(model);
  const std::chrono::duration<double> load = std::chrono::steady_clock::now() - load_start;
  const BenchPlan plan = PlanFor(arguments, model->info());
  FOVEA_RETURN_IF_ERROR(FitContext(plan, *options));
  auto session = OpenSession(*model, *options);
  FOVEA_RETURN_IF_ERROR(session);

  Progress progress(/*wanted=*/true);
  auto results =
      RunBench(*model, *session, plan,
               [&progress](double done, const std::string& what) { progress.Update(done, what); });
  progress.Clear();
  FOVEA_RETURN_IF_ERROR(results);
  const ModelInfo& info = model->info();
  const BenchSetting setting = {
      .model = arguments.model,
      .weight_type = info.weight_type,
      .isa = std::string(IsaName(session->isa())),
      .kv = std::string(KvTypeName(session->kv_type())),
      .arithmetic = session->arithmetic() == Arithmetic::kExact ? "exact" : "fast",
      .parameters = info.parameters,
      .file_bytes = info.file_bytes,
      .threads = session->threads(),
      .decode = plan.decode,
      .repeat = plan.repeat,
      .load_seconds = load.count(),
      .session_bytes = session->memory().total(),
      .peak_resident_bytes = PeakResidentBytes()};
  std::string text = BenchTable(setting, *results);
  if (arguments.json) {
    text +=
        BenchJson(setting, *results).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    text += "\n";
  }
  return Print(text);
}

CLI::Option* AddLengths(CLI::App& app, const std::string& name, std::vector<std::size_t>& lengths,
                        const std::string& help) {
  return app.add_option(name, lengths, help)
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(std::size_t{0}, kMaxTokens))
      ->type_name("N,N,...");
}

}  // namespace

void AddBench(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<BenchArguments>();
  CLI::App* sub =
      app.add_subcommand("bench", "Tokens per second of prefill and decode, or of encoding texts");
  sub->footer(
      "Random token ids, nothing sampled; each figure is the median of the repeats after a run to\n"
      "warm up. Decode at depth D runs single tokens after D that are cached already. Encoders\n"
      "run whole texts; encoder-decoders texts, then the decoder after a text of 128 tokens.\n"
      "Example: fovea bench model.gguf --threads 2 --prefill 128,512 --depth 0,2048 --json");
  BenchPlan& plan = arguments->plan;
  sub->add_option("MODEL", arguments->model, "GGUF file or model folder")->required();
  auto* prefill =
      AddLengths(*sub, "--prefill", plan.prefill, "prompt lengths (default 128,512,2048; 0: none)");
  auto* decode =
      sub->add_option("--decode", plan.decode, "tokens to decode, one by one (default 64; 0: none)")
          ->check(CLI::Range(std::size_t{0}, kMaxTokens))
          ->type_name("N");
  auto* depth =
      AddLengths(*sub, "--depth", plan.depth, "tokens cached before decode (default 0,2048)");
  sub->add_flag(
      "--embed", arguments->embed,
      "run texts through the encoder only: texts and tokens per second (default of encoders)");
  AddLengths(*sub, "--lengths", arguments->lengths, "lengths of these texts (default 128,512)");
  sub->add_option("--repeat", plan.repeat, "measurements of each (default 3)")
      ->check(CLI::Range(std::size_t{1}, kMaxRepeat))
      ->type_name("N");
  sub->add_flag("--observe", plan.observe,
                "also prefill and encode with every attention map delivered to an observer");
  sub->add_flag("--json", arguments->json, "print one JSON object as the last line");
  AddSessionArguments(*sub, arguments->session);
  sub->callback([arguments, prefill, decode, depth, &command] {
    arguments->decoder_options = prefill->count() + decode->count() + depth->count() > 0;
    command = [arguments] { return RunAndReport(*arguments); };
  });
}

}  // namespace fovea::tools
