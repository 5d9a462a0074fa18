// fovea generate: continues a prompt, streaming text as it comes.

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <fovea/fovea.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fovea/status_macros.h"
#include "tools/common/open_session.h"
#include "tools/common/process_memory.h"
#include "tools/common/read_text.h"
#include "tools/common/session_arguments.h"
#include "tools/fovea/commands.h"

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

Result<std::vector<std::int32_t>> PromptIds(const Model& model, const std::string& text) {
  if (model.tokenizer() == nullptr) return model.tokenizer_status();
  auto ids = model.tokenizer()->Encode(text);
  if (!ids) return Status(ids.status().code(), "prompt: " + ids.status().message());
  if (ids->empty()) {
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

using Clock = std::chrono::steady_clock;

/// Prints the text as it comes, and keeps the time.
class Stream {
 public:
  /// `before` is printed before the first piece.
  explicit Stream(std::string before) : before_(std::move(before)) {}

  void Push(const GeneratedText& piece) {
    Begin();
    Append(piece.text);
  }
  /// Ends the line.
  void End() {
    Begin();
    end_ = Clock::now();
    Append("\n");
  }
  /// What printing failed with.
  const Status& status() const { return status_; }

  double prefill_seconds() const { return Seconds(first_ - start_); }
  double decode_seconds() const { return Seconds(end_ - first_); }

 private:
  static double Seconds(Clock::duration duration) {
    return std::chrono::duration<double>(duration).count();
  }
  void Begin() {
    if (begun_) return;
    begun_ = true;
    first_ = Clock::now();
    Append(before_);
  }
  void Append(std::string_view text) {
    if (status_.ok() && !text.empty()) status_ = Print(std::string(text));
  }

  std::string before_;
  Status status_;
  bool begun_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point first_;  // The first token is chosen: the prompt has been run.
  Clock::time_point end_;
};

void PrintRates(std::size_t prompt, const Generation& generation, const Stream& stream) {
  std::fprintf(stderr, "prefill: %zu tokens in %.3f s (%.1f tokens/s)\n", prompt,
               stream.prefill_seconds(), static_cast<double>(prompt) / stream.prefill_seconds());
  // The last token is run only if the one after it was wanted.
  std::size_t steps = generation.ids.size();
  if (steps > 0 && generation.stop != StopReason::kEndToken) --steps;
  if (steps == 0) return;
  std::fprintf(stderr, "decode:  %zu tokens in %.3f s (%.1f tokens/s)\n", steps,
               stream.decode_seconds(), static_cast<double>(steps) / stream.decode_seconds());
}

void PrintPeak() {
  std::fprintf(stderr, "memory:  %.1f MiB resident at most\n",
               static_cast<double>(PeakResidentBytes()) / 1048576.0);
}

void PrintGuesses(const Generation& generation) {
  std::fprintf(stderr, "lookup:  %zu of %zu guessed tokens were right, %zu runs of the model\n",
               generation.guessed_right, generation.guessed, generation.runs);
}

Status RunGenerate(const GenerateArguments& arguments) {
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

  Stream stream(arguments.echo ? prompt : "");
  const auto generation =
      Generate(*session, *model->tokenizer(), *ids, *sampler,
               {.max_tokens = arguments.max_tokens,
                .lookup = arguments.lookup,
                .on_text = [&stream](const GeneratedText& piece) { stream.Push(piece); },
                .run = {.cancelled = [&stream] { return !stream.status().ok(); }}});
  FOVEA_RETURN_IF_ERROR(stream.status());
  FOVEA_RETURN_IF_ERROR(generation);
  stream.End();
  FOVEA_RETURN_IF_ERROR(stream.status());
  if (arguments.rates) PrintRates(ids->size(), *generation, stream);
  if (arguments.rates && arguments.lookup > 0) PrintGuesses(*generation);
  if (arguments.rates && PeakResidentBytes() != 0) PrintPeak();
  return Status::Ok();
}

}  // namespace

void AddGenerate(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<GenerateArguments>();
  CLI::App* sub = app.add_subcommand("generate", "Continue a prompt, streaming text");
  sub->add_option("MODEL", arguments->model, "GGUF file or model folder")->required();
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
  sub->callback(
      [arguments, &command] { command = [arguments] { return RunGenerate(*arguments); }; });
}

}  // namespace fovea::tools
