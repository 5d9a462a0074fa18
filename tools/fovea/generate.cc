// fovea generate: continues a prompt, streaming text as it comes.

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <fovea/fovea.hpp>
#include <memory>
#include <string>
#include <vector>

#include "fovea/status_macros.h"
#include "tools/common/open_session.h"
#include "tools/common/process_memory.h"
#include "tools/common/read_text.h"
#include "tools/common/session_arguments.h"
#include "tools/fovea/commands.h"
#include "tools/fovea/greedy_decoder.h"

namespace fovea::tools {
namespace {

struct GenerateArguments {
  std::string model;
  std::string prompt;
  std::string file;
  std::size_t max_tokens = 128;
  SamplerOptions sampler;
  SessionArguments session;
  bool echo = false;
  bool rates = false;
  std::size_t lookup = 0;  ///< Tokens guessed per run at most; 0: none.
};

double Seconds(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
}

Result<std::vector<std::int32_t>> PromptIds(const Model& model, const std::string& text) {
  if (model.tokenizer() == nullptr) return model.tokenizer_status();
  auto tokens = model.tokenizer()->Tokenize(text);
  if (!tokens) return Status(tokens.status().code(), "prompt: " + tokens.status().message());
  std::vector<std::int32_t> ids;
  for (const Token& token : *tokens) ids.push_back(token.id);
  if (ids.empty()) {
    return Status(StatusCode::kInvalidArgument,
                  "the prompt is empty and the model has no BOS token");
  }
  return ids;
}

/// Prompt and tokens to generate, bounded by the model's context unless the user asked for another.
Result<std::size_t> ContextFor(const Model& model, const GenerateArguments& arguments,
                               std::size_t prompt) {
  const std::size_t limit =
      arguments.session.context != 0 ? arguments.session.context : model.info().context;
  if (prompt > limit) {
    return Status(StatusCode::kLimitExceeded, "the prompt has " + std::to_string(prompt) +
                                                  " tokens, the context only " +
                                                  std::to_string(limit));
  }
  if (arguments.session.context != 0) return limit;
  return std::min(limit, prompt + std::min(arguments.max_tokens, limit));
}

struct Rates {
  std::size_t prompt = 0;
  double prefill = 0.0;   ///< Seconds.
  std::size_t steps = 0;  ///< Tokens generated after the first.
  double decode = 0.0;    ///< Seconds.
};

void PrintRates(const Rates& rates) {
  std::fprintf(stderr, "prefill: %zu tokens in %.3f s (%.1f tokens/s)\n", rates.prompt,
               rates.prefill, static_cast<double>(rates.prompt) / rates.prefill);
  if (rates.steps > 0) {
    std::fprintf(stderr, "decode:  %zu tokens in %.3f s (%.1f tokens/s)\n", rates.steps,
                 rates.decode, static_cast<double>(rates.steps) / rates.decode);
  }
}

void PrintPeak() {
  std::fprintf(stderr, "memory:  %.1f MiB resident at most\n",
               static_cast<double>(PeakResidentBytes()) / 1048576.0);
}

void PrintGuesses(const GreedyDecoder& decoder) {
  std::fprintf(stderr, "lookup:  %zu of %zu guessed tokens were right, %zu runs of the model\n",
               decoder.accepted(), decoder.drafted(), decoder.runs());
}

Status Generate(const GenerateArguments& arguments) {
  auto options = ToSessionOptions(arguments.session);
  FOVEA_RETURN_IF_ERROR(options);
  auto sampler = Sampler::Create(arguments.sampler);
  FOVEA_RETURN_IF_ERROR(sampler);
  if (arguments.lookup > 0 && arguments.sampler.temperature > 0.0F) {
    return {StatusCode::kInvalidArgument, "--lookup gives greedy text: it needs --temperature 0"};
  }
  std::string prompt = arguments.prompt;
  if (!arguments.file.empty()) {
    auto text = ReadText(arguments.file);
    FOVEA_RETURN_IF_ERROR(text);
    prompt = std::move(*text);
  }
  auto model = Model::Load(arguments.model, ToLoadOptions(arguments.session));
  FOVEA_RETURN_IF_ERROR(model);
  auto ids = PromptIds(*model, prompt);
  FOVEA_RETURN_IF_ERROR(ids);
  auto context = ContextFor(*model, arguments, ids->size());
  FOVEA_RETURN_IF_ERROR(context);
  options->context_size = *context;
  auto session = OpenSession(*model, *options);
  FOVEA_RETURN_IF_ERROR(session);

  Rates rates = {.prompt = ids->size()};
  const auto prefill_start = std::chrono::steady_clock::now();
  auto logits = session->Prefill(*ids);
  FOVEA_RETURN_IF_ERROR(logits);
  rates.prefill = Seconds(prefill_start);

  const Tokenizer& tokenizer = *model->tokenizer();
  StreamingDetokenizer detokenizer(tokenizer, /*at_start=*/false);  // The prompt came before.
  if (arguments.echo) {
    FOVEA_RETURN_IF_ERROR(Print(prompt));
  }
  GreedyDecoder greedy(*session, *ids, arguments.lookup);
  const auto decode_start = std::chrono::steady_clock::now();
  auto first = sampler->Sample(*logits);
  FOVEA_RETURN_IF_ERROR(first);
  std::vector<std::int32_t> known = {*first};  // Chosen, not yet printed from `at` on.
  std::size_t at = 0;
  for (std::size_t made = 0; made < arguments.max_tokens; ++made) {
    const std::int32_t id = known[at++];
    if (tokenizer.IsEndOfGeneration(id)) break;
    FOVEA_RETURN_IF_ERROR(Print(detokenizer.Push(id)));
    if (made + 1 == arguments.max_tokens || ids->size() + made == session->context_size()) break;
    ++rates.steps;
    if (at < known.size()) continue;
    at = 0;
    if (arguments.lookup > 0) {
      auto next = greedy.Next(id, arguments.max_tokens - made - 1);
      FOVEA_RETURN_IF_ERROR(next);
      known.assign(next->begin(), next->end());
    } else {
      logits = session->Decode(id);
      FOVEA_RETURN_IF_ERROR(logits);
      auto next = sampler->Sample(*logits);
      FOVEA_RETURN_IF_ERROR(next);
      known.assign(1, *next);
    }
  }
  rates.decode = Seconds(decode_start);
  FOVEA_RETURN_IF_ERROR(Print(detokenizer.Finish() + "\n"));
  if (arguments.rates) PrintRates(rates);
  if (arguments.rates && arguments.lookup > 0) PrintGuesses(greedy);
  if (arguments.rates && PeakResidentBytes() != 0) PrintPeak();
  return Status::Ok();
}

}  // namespace

void AddGenerate(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<GenerateArguments>();
  CLI::App* sub = app.add_subcommand("generate", "Continue a prompt, streaming text");
  sub->add_option("MODEL", arguments->model, "GGUF file")->required();
  auto* prompt =
      sub->add_option("-p,--prompt", arguments->prompt, "text to continue")->type_name("TEXT");
  sub->add_option("-f,--file", arguments->file, "read the prompt from a file, - for standard input")
      ->excludes(prompt)
      ->type_name("FILE");
  sub->add_option("-n,--max-tokens", arguments->max_tokens, "tokens to generate (default 128)")
      ->type_name("N");
  sub->add_option("--temperature", arguments->sampler.temperature, "0 is greedy (default)")
      ->type_name("T");
  sub->add_option("--top-k", arguments->sampler.top_k, "keep the K most likely tokens")
      ->type_name("K");
  sub->add_option("--top-p", arguments->sampler.top_p, "keep the most likely tokens up to P")
      ->type_name("P");
  sub->add_option("--seed", arguments->sampler.seed, "same seed, same text")->type_name("N");
  sub->add_option("--lookup", arguments->lookup,
                  "guess up to N tokens at a time from earlier text and check them in one run: the "
                  "same greedy text, sooner where it repeats itself (default 0: off)")
      ->check(CLI::Range(0, 64))
      ->type_name("N");
  sub->add_flag("--echo", arguments->echo, "print the prompt too");
  sub->add_flag("--rates", arguments->rates,
                "print rates of prefill and decode, and the memory it took, to standard error");
  AddSessionArguments(*sub, arguments->session);
  sub->callback([arguments, &command] { command = [arguments] { return Generate(*arguments); }; });
}

}  // namespace fovea::tools
