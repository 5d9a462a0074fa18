/** @file
 * Generation: continues a prompt token by token, with the choice of tokens, the reasons to stop,
 * and text as it comes. Part of the C API; include fovea/fovea.h, which says what holds for every
 * function.
 */
#ifndef FOVEA_C_GENERATE_H_
#define FOVEA_C_GENERATE_H_

#include "fovea/c/session.h"
#include "fovea/c/text.h"

#ifdef __cplusplus
extern "C" {
#endif

/** When to stop, and what to do while tokens are generated; all may be 0. */
typedef struct fovea_generate_options {
  size_t struct_size; /**< sizeof this struct, set by the caller. */
  void* user;         /**< Passed to on_text. */
  /** Tokens to generate at most; 0: 128. The model's own end tokens and the end of the session's
   * context end a generation earlier. */
  size_t max_tokens;
  fovea_sampler* sampler; /**< Chooses the tokens; NULL: greedily. */
  /** [stop_text_count] texts that end it: what is generated ends before the first of them. None may
   * be empty. */
  const char* const* stop_texts;
  size_t stop_text_count; /**< Entries of `stop_texts`. */
  /** Prompt look-up decoding (Saxena 2023): up to this many tokens are guessed from earlier text
   * and checked in one run of the model. The ids are the same, sooner where a text repeats itself.
   * Needs greedy choice, and neither an observer nor on_logits in `run`. */
  size_t lookup;
  /** Called for every generated token that is not an end token, with the text that became final
   * with it: `length` bytes (often none) and a zero byte, whole UTF-8 characters. Once more with
   * the id -1 at the end if text is left over. NULL: nobody listens. Must not use the session:
   * FOVEA_BUSY. */
  void (*on_text)(void* user, int32_t id, const char* text, size_t length);
  /** For every run of the model, of the prompt and of generated tokens: observer, ablations,
   * cancellation. May be NULL. */
  const fovea_run_options* run;
} fovea_generate_options;

/** Why a generation ended. */
typedef int32_t fovea_stop_reason;
enum {
  FOVEA_STOP_MAX_TOKENS = 0,  /**< max_tokens were generated. */
  FOVEA_STOP_END_TOKEN = 1,   /**< The model chose one of its end tokens. */
  FOVEA_STOP_TEXT = 2,        /**< One of the stop texts came up. */
  FOVEA_STOP_CONTEXT_FULL = 3 /**< The session holds no more tokens. */
};

/** What was generated. */
typedef struct fovea_generation {
  size_t struct_size; /**< sizeof this struct, set by the caller. */
  /** Ids, without the prompt and without an end token. The tokens of a stop text are among them. */
  size_t count;
  size_t runs;            /**< Runs of the model after the prompt's. */
  size_t guessed;         /**< Tokens that look-up guessed. */
  size_t guessed_right;   /**< Of them, those that were generated. */
  fovea_stop_reason stop; /**< Why it ended. */
  int32_t reserved;       /**< 0 */
} fovea_generation;

/** Runs the prompt of `prompt_count` ids after what the session holds already, then chooses and
 * runs tokens until one of the reasons to stop. The session's cache then holds the prompt and the
 * generated ids, but for the last one if it has not been run. `options` may be NULL. `ids` is an
 * array of the caller [capacity] for the generated ids, or NULL; *generation (may be NULL) says
 * what was generated. FOVEA_BUFFER_TOO_SMALL if there are more ids than `capacity`: the first ones
 * were stored. Other errors as of fovea_session_prefill and fovea_sampler_sample, with the text in
 * fovea_session_error; FOVEA_INVALID_ARGUMENT for an empty prompt or options that exclude each
 * other.
 *
 * @code
 * static void print_text(void* user, int32_t token, const char* piece, size_t bytes) {
 *   fwrite(piece, 1, bytes, stdout);
 * }
 * fovea_generate_options story = {.struct_size = sizeof story, .max_tokens = 60,
 *                                 .on_text = print_text};
 * if (fovea_generate(session, tokenizer, ids, count, &story, NULL, 0, NULL) != FOVEA_OK) {
 *   return puts(fovea_session_error(session));
 * }
 * @endcode
 */
FOVEA_API fovea_status fovea_generate(fovea_session* session, const fovea_tokenizer* tokenizer,
                                      const int32_t* prompt, size_t prompt_count,
                                      const fovea_generate_options* options, int32_t* ids,
                                      size_t capacity, fovea_generation* generation);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* FOVEA_C_GENERATE_H_ */
