// Continues a prompt token by token: the loop that programs would otherwise write themselves.
#ifndef FOVEA_GENERATE_H_
#define FOVEA_GENERATE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fovea/sampler.h"
#include "fovea/session.h"
#include "fovea/status.h"
#include "fovea/tokenizer.h"

namespace fovea {

/// A piece of generated text, valid during the call that it is passed to.
struct GeneratedText {
  /// The token that was generated; -1 for what is left over at the end.
  std::int32_t id = -1;
  /// What became final with it: whole UTF-8 characters, often none. Text that may be the beginning
  /// of a stop text is held back until it is clear that it is not.
  std::string_view text = {};
};

/// When to stop, and what to do while tokens are generated.
struct GenerateOptions {
  /// Tokens to generate at most. The model's own end tokens (Tokenizer::IsEndOfGeneration) and the
  /// end of the session's context end a generation earlier.
  std::size_t max_tokens = 128;
  /// Texts that end it: what is generated ends before the first of them. None may be empty.
  std::vector<std::string> stop_texts = {};
  /// Prompt look-up decoding (Saxena 2023): up to this many tokens are guessed from earlier text
  /// and checked in one run of the model. The ids are the same, sooner where a text repeats itself.
  /// Needs a sampler of temperature 0, and neither an observer nor on_logits in `run`.
  std::size_t lookup = 0;
  /// Called for every generated token that is not an end token, in order, and once more at the end
  /// if text is left over.
  std::function<void(const GeneratedText& piece)> on_text = {};
  /// For every run of the model, of the prompt and of generated tokens: observer, ablations,
  /// cancellation. on_progress counts each run for itself.
  RunOptions run = {};
};

/// Why a generation ended.
enum class StopReason : std::uint8_t {
  kMaxTokens,   ///< GenerateOptions::max_tokens were generated.
  kEndToken,    ///< The model chose one of its end tokens.
  kStopText,    ///< One of GenerateOptions::stop_texts came up.
  kContextFull  ///< The session holds no more tokens.
};

/// What was generated.
struct Generation {
  /// Without the prompt and without an end token. The tokens of a stop text are among them.
  std::vector<std::int32_t> ids;
  /// The text of the ids, up to a stop text.
  std::string text;
  StopReason stop = StopReason::kMaxTokens;  ///< Why it ended.
  std::size_t runs = 0;                      ///< Runs of the model after the prompt's.
  std::size_t guessed = 0;                   ///< Tokens that look-up guessed.
  std::size_t guessed_right = 0;             ///< Of them, those that were generated.
};

/// Runs the prompt after what the session holds already, then chooses and runs tokens until one of
/// the reasons to stop. The session's cache then holds the prompt and the generated ids, but for
/// the last one if it has not been run. kInvalidArgument for an empty prompt or options that
/// exclude each other; kCancelled and all other errors as of Session::Prefill and Sampler::Sample.
/// Belongs to one thread, as the session and the sampler do. Example:
/// @code
/// auto prompt = tokenizer.Encode("Once upon a time");
/// auto sampler = Sampler::Create({.temperature = 0.8F, .seed = 7});
/// if (!prompt || !sampler) return prompt.status();
/// auto story = Generate(session, tokenizer, *prompt, *sampler, {.max_tokens = 60});
/// if (!story) return story.status();
/// std::cout << story->text << "\n";
/// @endcode
/// Streaming and stop texts:
/// @code
/// auto sampler = Sampler::Create({});  // greedy
/// if (!sampler) return sampler.status();
/// auto answer = Generate(session, tokenizer, ids, *sampler,
///                        {.stop_texts = {"\n\n"},
///                         .lookup = 4,
///                         .on_text = [](const GeneratedText& piece) { std::cout << piece.text;
///                         }});
/// @endcode
Result<Generation> Generate(Session& session, const Tokenizer& tokenizer,
                            std::span<const std::int32_t> prompt, Sampler& sampler,
                            const GenerateOptions& options = {});

}  // namespace fovea

#endif  // FOVEA_GENERATE_H_
