/** @file
 * Text to token ids and back, and the choice of the next token: what a program that generates text
 * needs beside a session. Part of the C API; include fovea/fovea.h, which says what holds for every
 * function.
 */
#ifndef FOVEA_C_TEXT_H_
#define FOVEA_C_TEXT_H_

#include "fovea/c/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------
 * Tokenizers: immutable, may be used by any number of threads
 */

/** Splits and joins text; opaque, immutable, shared by threads. */
typedef struct fovea_tokenizer fovea_tokenizer;

/** The tokenizer of a model, which owns it: valid until fovea_model_free, never to be freed itself.
 * FOVEA_NOT_FOUND if the file has no vocabulary, FOVEA_UNSUPPORTED if it has one of an unknown
 * kind. Thread-safe.
 *
 * @code
 * const fovea_tokenizer* tokenizer;
 * if (fovea_model_tokenizer(model, &tokenizer, &error)) return puts(error.message);
 * @endcode
 */
FOVEA_API fovea_status fovea_model_tokenizer(const fovea_model* model,
                                             const fovea_tokenizer** tokenizer, fovea_error* error);

/** The tokenizer of a GGUF file alone, also of files without weights. `allocator` may be NULL. On
 * success *tokenizer must be freed with fovea_tokenizer_free. Errors as of fovea_model_load.
 * Thread-safe.
 *
 * @code
 * fovea_tokenizer* tokenizer;
 * if (fovea_tokenizer_load("vocab.gguf", NULL, &tokenizer, &error)) return puts(error.message);
 * @endcode
 */
FOVEA_API fovea_status fovea_tokenizer_load(const char* path, const fovea_allocator* allocator,
                                            fovea_tokenizer** tokenizer, fovea_error* error);
/** Only for what fovea_tokenizer_load gave. */
FOVEA_API void fovea_tokenizer_free(fovea_tokenizer* tokenizer);

/** What is done beside splitting; all may be 0. */
typedef struct fovea_tokenize_options {
  size_t struct_size; /**< sizeof this struct, set by the caller. */
  int32_t no_special; /**< Not 0: do not add BOS, EOS, CLS and SEP as the model file asks for. */
  int32_t
      parse_special; /**< Not 0: recognise control tokens ("<s>", "<|im_start|>") in the text. */
} fovea_tokenize_options;

/** Splits `size` bytes of UTF-8 text. *count becomes the number of tokens; ids and offsets, if not
 * NULL, are arrays of the caller: ids [capacity], offsets [capacity][2] with the half-open byte
 * range of the text that each token stands for (empty for tokens that were added). `options` may be
 * NULL. FOVEA_BUFFER_TOO_SMALL if there are more than `capacity` tokens: *count is then how many
 * there are, and the first `capacity` were stored. FOVEA_INVALID_ARGUMENT with the byte offset for
 * text that is not valid UTF-8. With ids and offsets NULL it only counts. Thread-safe.
 *
 * @code
 * int32_t ids[512];
 * size_t count;
 * fovea_tokenize(tokenizer, text, strlen(text), NULL, ids, NULL, 512, &count, &error);
 * @endcode
 */
FOVEA_API fovea_status fovea_tokenize(const fovea_tokenizer* tokenizer, const char* text,
                                      size_t size, const fovea_tokenize_options* options,
                                      int32_t* ids, size_t* offsets, size_t capacity, size_t* count,
                                      fovea_error* error);

/** Two texts as one input, in the form that the tokenizer states ([CLS] a [SEP] b [SEP], …), as
 * encoders read a sentence and its translation. segment_ids [capacity], if not NULL, becomes the
 * "token type" of each token; offsets are bytes of the text that the token comes from; all else as
 * fovea_tokenize. FOVEA_UNSUPPORTED if the tokenizer has no form for pairs. Thread-safe.
 *
 * @code
 * int32_t ids[512], segments[512];
 * const char* other = "Le chat";
 * size_t count, a = strlen(text), b = strlen(other);
 * fovea_tokenize_pair(tokenizer, text, a, other, b, NULL, ids, segments, NULL, 512, &count, NULL);
 * @endcode
 */
FOVEA_API fovea_status fovea_tokenize_pair(const fovea_tokenizer* tokenizer, const char* first,
                                           size_t first_size, const char* second,
                                           size_t second_size,
                                           const fovea_tokenize_options* options, int32_t* ids,
                                           int32_t* segment_ids, size_t* offsets, size_t capacity,
                                           size_t* count, fovea_error* error);

/** The text of `count` ids, without the space that SentencePiece adds in front; invalid bytes
 * become U+FFFD. Stores at most `capacity` bytes, the last of them a zero byte; *length (may be
 * NULL) becomes the length of the whole text without it. FOVEA_BUFFER_TOO_SMALL if length + 1 >
 * capacity: nothing but *length is stored then. `text` may be NULL if capacity is 0. Thread-safe.
 *
 * @code
 * char text[256];
 * fovea_detokenize(tokenizer, ids, count, text, sizeof text, NULL, &error);
 * @endcode
 */
FOVEA_API fovea_status fovea_detokenize(const fovea_tokenizer* tokenizer, const int32_t* ids,
                                        size_t count, char* text, size_t capacity, size_t* length,
                                        fovea_error* error);

/** The bytes that one id adds to a text, which may be part of a UTF-8 character (and may contain
 * zero bytes); nothing for control tokens and ids outside the vocabulary. Stored as by
 * fovea_detokenize. Thread-safe.
 *
 * @code
 * char bytes[64];
 * fovea_piece_bytes(tokenizer, id, bytes, sizeof bytes, &length, &error);
 * @endcode
 */
FOVEA_API fovea_status fovea_piece_bytes(const fovea_tokenizer* tokenizer, int32_t id, char* bytes,
                                         size_t capacity, size_t* length, fovea_error* error);

/** The piece as a person wants to see it in a table: valid UTF-8, spaces and control bytes made
 * visible, control tokens by name. Stored as by fovea_detokenize. Thread-safe.
 *
 * @code
 * char piece[64];
 * fovea_display_piece(tokenizer, id, piece, sizeof piece, NULL, &error);
 * @endcode
 */
FOVEA_API fovea_status fovea_display_piece(const fovea_tokenizer* tokenizer, int32_t id, char* text,
                                           size_t capacity, size_t* length, fovea_error* error);

/** Number of ids; 0 for NULL. Thread-safe, as are the others below. */
FOVEA_API size_t fovea_vocabulary_size(const fovea_tokenizer* tokenizer);
/** The id that begins or ends a text; -1 if the model has none. */
FOVEA_API int32_t fovea_bos_id(const fovea_tokenizer* tokenizer);
/** See fovea_bos_id. */
FOVEA_API int32_t fovea_eos_id(const fovea_tokenizer* tokenizer);
/** The id that stands for unknown text; -1 if the model has none. */
FOVEA_API int32_t fovea_unknown_id(const fovea_tokenizer* tokenizer);
/** The id between two texts (SEP); -1 if the model has none. */
FOVEA_API int32_t fovea_separator_id(const fovea_tokenizer* tokenizer);
/** The id behind short texts of a batch; -1 if the model has none. */
FOVEA_API int32_t fovea_padding_id(const fovea_tokenizer* tokenizer);
/** The id of a word to be predicted; -1 if the model has none. */
FOVEA_API int32_t fovea_mask_id(const fovea_tokenizer* tokenizer);
/** 1 for control tokens (BOS, EOS, CLS, SEP, …), else 0. */
FOVEA_API int32_t fovea_is_special(const fovea_tokenizer* tokenizer, int32_t id);
/** 1 if generation should stop after this id (EOS and end-of-turn ids of the file), else 0. */
FOVEA_API int32_t fovea_is_end_of_generation(const fovea_tokenizer* tokenizer, int32_t id);
/** "llama", "gpt2", "bert" or "t5", as tokenizer.ggml.model says; for the files of a model folder
 * "bpe", "unigram", "wordpiece" or "wordlevel"; "" for NULL. */
FOVEA_API const char* fovea_tokenizer_kind(const fovea_tokenizer* tokenizer);

/* ---------------------------------------------------------------------------------------------
 * Streaming: a detokenizer turns ids into text that never ends inside a character
 */

/** Turns ids into text; opaque, for one thread at a time. */
typedef struct fovea_detokenizer fovea_detokenizer;

/** Not 0 for `continues`: the ids continue a text (generated after a prompt), so the first space is
 * a real one. The tokenizer must outlive the detokenizer unless it is a model's. `allocator` may be
 * NULL. FOVEA_OUT_OF_MEMORY.
 *
 * @code
 * fovea_detokenizer_create(tokenizer, 1, NULL, &stream, &error);
 * fputs(fovea_detokenizer_push(stream, id, NULL), stdout);   // for every id
 * fputs(fovea_detokenizer_finish(stream, NULL), stdout);
 * @endcode
 */
FOVEA_API fovea_status fovea_detokenizer_create(const fovea_tokenizer* tokenizer, int32_t continues,
                                                const fovea_allocator* allocator,
                                                fovea_detokenizer** detokenizer,
                                                fovea_error* error);
/** Gives the handle back. Does nothing for NULL. */
FOVEA_API void fovea_detokenizer_free(fovea_detokenizer* detokenizer);

/** The text that became complete with this id, often empty; valid until the next call for this
 * detokenizer. *length (may be NULL) becomes its length. NULL only if memory ran out or the
 * detokenizer is NULL. */
FOVEA_API const char* fovea_detokenizer_push(fovea_detokenizer* detokenizer, int32_t id,
                                             size_t* length);
/** What is left at the end: an unfinished character becomes U+FFFD. As fovea_detokenizer_push. */
FOVEA_API const char* fovea_detokenizer_finish(fovea_detokenizer* detokenizer, size_t* length);

/* ---------------------------------------------------------------------------------------------
 * Samplers choose the next token from logits; one per stream
 */

/** Chooses tokens; opaque, for one thread at a time. */
typedef struct fovea_sampler fovea_sampler;

/** How a token is chosen; all 0: greedily. */
typedef struct fovea_sampler_options {
  size_t struct_size; /**< sizeof this struct, set by the caller. */
  uint64_t seed;      /**< The same seed gives the same ids on every machine. */
  float temperature;  /**< 0 is greedy: the largest logit, the lowest id among equals. */
  float top_p;        /**< Keep the fewest ids whose probability reaches it; 0 or 1: all. */
  int32_t top_k;      /**< Keep the most likely ids; 0: all. */
  int32_t reserved;   /**< 0 */
  const fovea_allocator* allocator; /**< NULL: malloc and free. Copied. */
} fovea_sampler_options;

/** FOVEA_INVALID_ARGUMENT for a negative or NaN temperature, a negative top_k, or top_p outside
 * [0, 1]. `options` may be NULL.
 *
 * @code
 * fovea_sampler_options options = {.struct_size = sizeof options, .temperature = 0.8f};
 * fovea_sampler_create(&options, &sampler, &error);
 * fovea_sampler_sample(sampler, logits, vocabulary, &id, &error);
 * @endcode
 */
FOVEA_API fovea_status fovea_sampler_create(const fovea_sampler_options* options,
                                            fovea_sampler** sampler, fovea_error* error);
/** Gives the handle back. Does nothing for NULL. */
FOVEA_API void fovea_sampler_free(fovea_sampler* sampler);

/** logits [vocabulary], vocabulary > 0. FOVEA_NON_FINITE if one of them is not finite. */
FOVEA_API fovea_status fovea_sampler_sample(fovea_sampler* sampler, const float* logits,
                                            size_t vocabulary, int32_t* id, fovea_error* error);

/** Index of the largest of `count` values, the lowest among equals; -1 for none. Thread-safe. */
FOVEA_API int32_t fovea_argmax(const float* values, size_t count);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* FOVEA_C_TEXT_H_ */
