// fovea bench: how fast this machine runs a model.

#include <CLI/CLI.hpp>
#include <chrono>
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

struct BenchArguments {
  std::string model;
  BenchPlan plan = {.prefill = {128, 512, 2048}, .depth = {0, 2048}};
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

Result<std::size_t> ContextFor(const BenchArguments& arguments, const BenchPlan& plan) {
  const std::size_t needed = plan.ContextSize();
  if (needed == 0) {
    return Status(StatusCode::kInvalidArgument,
                  "nothing to measure: --prefill and --decode are both 0");
  }
  if (arguments.session.context == 0) return needed;
  if (arguments.session.context < needed) {
    return Status(StatusCode::kInvalidArgument, "--context: these lengths need " +
                                                    std::to_string(needed) + " tokens, not " +
                                                    std::to_string(arguments.session.context));
  }
  return arguments.session.context;
}

Status RunAndReport(const BenchArguments& arguments) {
  BenchPlan plan = arguments.plan;
  plan.prefill = Distinct(plan.prefill, /*keep_zero=*/false);
  plan.depth = Distinct(plan.depth, /*keep_zero=*/true);
  auto options = ToSessionOptions(arguments.session);
  FOVEA_RETURN_IF_ERROR(options);
  auto context = ContextFor(arguments, plan);
  FOVEA_RETURN_IF_ERROR(context);
  options->context_size = *context;

  const auto load_start = std::chrono::steady_clock::now();
  auto model = Model::Load(arguments.model, ToLoadOptions(arguments.session));
  FOVEA_RETURN_IF_ERROR(model);
  const std::chrono::duration<double> load = std::chrono::steady_clock::now() - load_start;
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
  CLI::App* sub = app.add_subcommand("bench", "Tokens per second of prefill and decode");
  sub->footer(
      "Random token ids, nothing sampled; each figure is the median of the repeats after a run to\n"
      "warm up. Decode at depth D runs single tokens after D that are cached already.\n"
      "Example: fovea bench model.gguf --threads 2 --prefill 128,512 --depth 0,2048 --json");
  BenchPlan& plan = arguments->plan;
  sub->add_option("MODEL", arguments->model, "GGUF file")->required();
  AddLengths(*sub, "--prefill", plan.prefill, "prompt lengths (default 128,512,2048; 0: none)");
  sub->add_option("--decode", plan.decode, "tokens to decode, one by one (default 64; 0: none)")
      ->check(CLI::Range(std::size_t{0}, kMaxTokens))
      ->type_name("N");
  AddLengths(*sub, "--depth", plan.depth, "tokens cached before decode (default 0,2048)");
  sub->add_option("--repeat", plan.repeat, "measurements of each (default 3)")
      ->check(CLI::Range(std::size_t{1}, kMaxRepeat))
      ->type_name("N");
  sub->add_flag("--observe", plan.observe,
                "also prefill with every attention map delivered to an observer");
  sub->add_flag("--json", arguments->json, "print one JSON object as the last line");
  AddSessionArguments(*sub, arguments->session);
  sub->callback(
      [arguments, &command] { command = [arguments] { return RunAndReport(*arguments); }; });
}

}  // namespace fovea::tools
