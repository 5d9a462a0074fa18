#include "fovea/generate.h"

#include <algorithm>
#include <utility>

#include "engine/model/greedy_decoder.h"
#include "engine/text/stop_texts.h"
#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea {
namespace {

using Ids = std::span<const std::int32_t>;

Status Invalid(std::string message) {
  return {StatusCode::kInvalidArgument, std::move(message)};
}

Status CheckOptions(const GenerateOptions& options, const Sampler& sampler) {
  for (const std::string& stop : options.stop_texts) {
    if (stop.empty()) return Invalid("a stop text is empty");
  }
  if (options.lookup == 0) return Status::Ok();
  if (sampler.options().temperature > 0.0F) {
    return Invalid("lookup gives greedy text: it needs a sampler of temperature 0");
  }
  if (options.run.observer != nullptr || options.run.on_logits) {
    return Invalid("lookup runs guesses: it excludes an observer and on_logits");
  }
  return Status::Ok();
}

class Generator {
 public:
  Generator(Session& session, const Tokenizer& tokenizer, Sampler& sampler,
            const GenerateOptions& options)
      : session_(session),
        tokenizer_(tokenizer),
        sampler_(sampler),
        options_(options),
        detokenizer_(tokenizer, /*at_start=*/false),  // The prompt came before.
        stop_texts_(options.stop_texts) {}

  Result<Generation> Run(Ids prompt) {
    const std::size_t start = session_.position() + prompt.size();
    const auto logits = session_.Prefill(prompt, options_.run);
    FOVEA_RETURN_IF_ERROR(logits);
    if (options_.max_tokens > 0) {
      FOVEA_RETURN_IF_ERROR(Continue(prompt, *logits));
    }
    // Guesses that turned out right may be cached beyond the end.
    const std::size_t end = start + result_.ids.size();
    if (session_.position() > end) {
      FOVEA_RETURN_IF_ERROR(session_.Truncate(end));
    }
    std::string rest;
    if (!stop_texts_.found()) rest = stop_texts_.Push(detokenizer_.Finish()) + stop_texts_.Finish();
    if (!rest.empty()) Deliver(-1, rest);
    return std::move(result_);
  }

 private:
  /// Generates until one of the reasons to stop, which becomes the result's.
  Status Continue(Ids prompt, std::span<const float> logits) {
    const std::size_t start = session_.position();
    model::GreedyDecoder greedy(session_, prompt, options_.lookup, options_.run);
    const auto first = sampler_.Sample(logits);
    FOVEA_RETURN_IF_ERROR(first);
    known_.assign(1, *first);
    for (std::size_t next = 0;; ++next) {
      if (next == known_.size()) {
        FOVEA_RETURN_IF_ERROR(RunLast(greedy));
        next = 0;
      }
      const std::int32_t id = known_[next];
      if (tokenizer_.IsEndOfGeneration(id)) return Stop(StopReason::kEndToken);
      result_.ids.push_back(id);
      Deliver(id, stop_texts_.Push(detokenizer_.Push(id)));
      if (stop_texts_.found()) return Stop(StopReason::kStopText);
      if (result_.ids.size() == options_.max_tokens) return Stop(StopReason::kMaxTokens);
      if (start + result_.ids.size() > session_.context_size()) {
        return Stop(StopReason::kContextFull);
      }
    }
  }

  /// Runs the last generated token and chooses those that follow it.
  Status RunLast(model::GreedyDecoder& greedy) {
    const std::int32_t last = result_.ids.back();
    if (options_.lookup > 0) {
      const auto next = greedy.Next(last, options_.max_tokens - result_.ids.size());
      FOVEA_RETURN_IF_ERROR(next);
      known_.assign(next->begin(), next->end());
      result_.runs = greedy.runs();
      result_.guessed = greedy.drafted();
      result_.guessed_right = greedy.accepted();
      return Status::Ok();
    }
    const auto logits = session_.Decode(last, options_.run);
    FOVEA_RETURN_IF_ERROR(logits);
    const auto next = sampler_.Sample(*logits);
    FOVEA_RETURN_IF_ERROR(next);
    known_.assign(1, *next);
    ++result_.runs;
    return Status::Ok();
  }

  Status Stop(StopReason reason) {
    result_.stop = reason;
    return Status::Ok();
  }

  void Deliver(std::int32_t id, const std::string& text) {
    result_.text += text;
    if (options_.on_text) options_.on_text({.id = id, .text = text});
  }

  Session& session_;
  const Tokenizer& tokenizer_;
  Sampler& sampler_;
  const GenerateOptions& options_;
  StreamingDetokenizer detokenizer_;
  text::StopTexts stop_texts_;
  std::vector<std::int32_t> known_;  // Chosen in the last run, in order.
  Generation result_;
};

}  // namespace

Result<Generation> Generate(Session& session, const Tokenizer& tokenizer,
                            std::span<const std::int32_t> prompt, Sampler& sampler,
                            const GenerateOptions& options) {
  FOVEA_RETURN_IF_ERROR(CheckOptions(options, sampler));
  return platform::IfMemoryLasts(
      [&] { return Generator(session, tokenizer, sampler, options).Run(prompt); },
      []() -> Result<Generation> {
        return Status(StatusCode::kOutOfMemory, "not enough memory to generate text");
      });
}

}  // namespace fovea
