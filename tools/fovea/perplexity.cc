// fovea perplexity: how well a model predicts a text.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <fovea/fovea.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fovea/status_macros.h"
#include "tools/common/open_session.h"
#include "tools/common/progress.h"
#include "tools/common/read_text.h"
#include "tools/common/session_arguments.h"
#include "tools/fovea/commands.h"
#include "tools/fovea/perplexity_run.h"

namespace fovea::tools {
namespace {

constexpr std::size_t kMaxDefaultContext = 512;

struct PerplexityArguments {
  std::string model;
  std::string file;
  std::size_t stride = 0;  ///< 0: half a window.
  SessionArguments session;
  bool json = false;
};

/// The text's tokens, and the BOS token apart: it goes before every window.
struct TextTokens {
  std::vector<std::int32_t> ids;
  std::optional<std::int32_t> bos;
};

Result<TextTokens> TokensOf(const Model& model, const std::string& text, const std::string& name) {
  const Tokenizer* tokenizer = model.tokenizer();
  if (tokenizer == nullptr) return model.tokenizer_status();
  auto tokens = tokenizer->Tokenize(text);
  if (!tokens) return Status(tokens.status().code(), name + ": " + tokens.status().message());
  TextTokens result;
  for (const Token& token : *tokens) {
    const bool added = token.begin == token.end && tokenizer->IsSpecial(token.id);
    if (!added) {
      result.ids.push_back(token.id);
    } else if (result.ids.empty() && token.id == tokenizer->bos_id()) {
      result.bos = token.id;
    }
  }
  return result;
}

Result<PerplexityPlan> PlanFor(const PerplexityArguments& arguments, const ModelInfo& info,
                               std::optional<std::int32_t> bos) {
  PerplexityPlan plan = {.bos = bos};
  plan.context = arguments.session.context != 0 ? arguments.session.context
                                                : std::min(info.context, kMaxDefaultContext);
  if (plan.context < 2) {
    return Status(StatusCode::kInvalidArgument, "--context: a window needs at least 2 tokens");
  }
  plan.stride =
      arguments.stride != 0 ? arguments.stride : std::max<std::size_t>(plan.context / 2, 1);
  const std::size_t most = plan.context - (bos ? 1 : 0);
  if (plan.stride > most) {
    return Status(StatusCode::kInvalidArgument, "--stride: " + std::to_string(plan.stride) +
                                                    " is more than the " + std::to_string(most) +
                                                    " tokens of text that a window holds");
  }
  return plan;
}

nlohmann::ordered_json Json(const PerplexityArguments& arguments, const PerplexityPlan& plan,
                            const PerplexityResult& result, const Session& session) {
  return {{"perplexity", result.perplexity},
          {"standard_error", result.standard_error},
          {"nll", result.mean_nll},
          {"tokens", result.scored},
          {"windows", result.windows},
          {"context", plan.context},
          {"stride", plan.stride},
          {"bos", plan.bos.has_value()},
          {"model", arguments.model},
          {"text", arguments.file},
          {"isa", IsaName(session.isa())},
          {"arithmetic", session.arithmetic() == Arithmetic::kExact ? "exact" : "fast"},
          {"kv", KvTypeName(arguments.session.kv_type)}};
}

std::string Sentence(const PerplexityPlan& plan, const PerplexityResult& result) {
  std::array<char, 256> text;
  std::snprintf(text.data(), text.size(),
                "perplexity %.4f +- %.4f (%zu tokens scored, %.4f nats each; windows of %zu tokens "
                "every %zu)\n",
                result.perplexity, result.standard_error, result.scored, result.mean_nll,
                plan.context, plan.stride);
  return text.data();
}

Status Perplexity(const PerplexityArguments& arguments) {
  auto options = ToSessionOptions(arguments.session);
  FOVEA_RETURN_IF_ERROR(options);
  auto text = ReadText(arguments.file);
  FOVEA_RETURN_IF_ERROR(text);
  auto model = Model::Load(arguments.model, ToLoadOptions(arguments.session));
  FOVEA_RETURN_IF_ERROR(model);
  const std::string name = arguments.file == "-" ? "standard input" : arguments.file;
  auto tokens = TokensOf(*model, *text, name);
  FOVEA_RETURN_IF_ERROR(tokens);
  auto plan = PlanFor(arguments, model->info(), tokens->bos);
  FOVEA_RETURN_IF_ERROR(plan);
  options->context_size = plan->context;
  auto session = OpenSession(*model, *options);
  FOVEA_RETURN_IF_ERROR(session);
  Progress progress(/*wanted=*/true);
  auto result = MeasurePerplexity(*session, tokens->ids, *plan,
                                  [&](double done) { progress.Update(done, "scoring the text"); });
  progress.Clear();
  if (!result) return Status(result.status().code(), name + ": " + result.status().message());
  if (!arguments.json) return Print(Sentence(*plan, *result));
  return Print(Json(arguments, *plan, *result, *session)
                   .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
               "\n");
}

}  // namespace

void AddPerplexity(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<PerplexityArguments>();
  CLI::App* sub = app.add_subcommand("perplexity", "How well a model predicts a text");
  sub->footer(
      "exp of the mean negative log likelihood. The text runs in windows of --context tokens "
      "(default:\n"
      "the model's context, at most 512), one every --stride tokens, each from an empty cache and "
      "after\n"
      "the BOS token if the model has one. Every token is scored once, by the first window that "
      "holds\n"
      "it, so in all but the first at least context - stride tokens come before it.\n"
      "Example: fovea perplexity model.gguf --file text.txt --exact --json");
  sub->add_option("MODEL", arguments->model, "GGUF file or model folder")->required();
  sub->add_option("-f,--file", arguments->file, "text to score, - for standard input")
      ->required()
      ->type_name("FILE");
  sub->add_option("--stride", arguments->stride, "tokens between windows (default: half a window)")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  sub->add_flag("--json", arguments->json, "print one JSON object");
  AddSessionArguments(*sub, arguments->session);
  sub->callback(
      [arguments, &command] { command = [arguments] { return Perplexity(*arguments); }; });
}

}  // namespace fovea::tools
